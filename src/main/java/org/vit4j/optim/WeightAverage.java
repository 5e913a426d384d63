package org.vit4j.optim;

import org.vit4j.backend.DeviceParameters;
import org.vit4j.backend.FlatArray;

/** Exponential moving average of all parameters and running statistics, as in timm. */
public final class WeightAverage {
    private final EmaConfig ema;
    private final DeviceParameters current;
    private final DeviceParameters average;

    /** @param average receives the average; of the same backend as {@code current} */
    public WeightAverage(EmaConfig ema, DeviceParameters current, DeviceParameters average) {
        this.ema = ema;
        this.current = current;
        this.average = average;
        interpolate(0);
    }

    public DeviceParameters parameters() {
        return average;
    }

    /** @param step number of optimizer steps done */
    public void update(int step) {
        interpolate(ema.decayAt(step));
    }

    private void interpolate(double decay) {
        interpolate(average.trainable(), current.trainable(), decay);
        interpolate(average.buffers(), current.buffers(), decay);
    }

    /** {@code average += (1 - decay) * (weights - average)}; this form keeps constant values exactly. */
    private static void interpolate(FlatArray average, FlatArray weights, double decay) {
        if (decay == 0) average.set(weights);
        else average.lerp(weights, 1 - decay);
    }
}
