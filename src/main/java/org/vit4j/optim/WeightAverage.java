package org.vit4j.optim;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Graph;

/** Exponential moving average of all parameters and running statistics, as in timm. */
public final class WeightAverage {
    /** Elements processed at a time, so that no temporary array of the size of the network is needed. */
    private static final long CHUNK = 1 << 20;

    private final EmaConfig ema;
    private final ParameterStore current;
    private final ParameterStore average;

    public WeightAverage(EmaConfig ema, Graph graph, ParameterStore current) {
        this.ema = ema;
        this.current = current;
        this.average =
                new ParameterStore(graph.parameters(), current.trainable().dataType());
        interpolate(average.trainable(), current.trainable(), 0);
        interpolate(average.buffers(), current.buffers(), 0);
    }

    public ParameterStore parameters() {
        return average;
    }

    /** @param step number of optimizer steps done */
    public void update(int step) {
        double decay = ema.decayAt(step);
        interpolate(average.trainable(), current.trainable(), decay);
        interpolate(average.buffers(), current.buffers(), decay);
    }

    /** {@code average += (1 - decay) * (weights - average)}; this form keeps constant values exactly. */
    private static void interpolate(INDArray average, INDArray weights, double decay) {
        if (decay == 0) {
            average.assign(weights);
            return;
        }
        for (long from = 0; from < average.length(); from += CHUNK) {
            var chunk = NDArrayIndex.interval(from, Math.min(from + CHUNK, average.length()));
            INDArray to = average.get(chunk);
            to.addi(weights.get(chunk).sub(to).muli(1 - decay));
        }
    }
}
