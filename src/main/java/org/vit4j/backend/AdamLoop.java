package org.vit4j.backend;

import java.util.stream.LongStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.FlatArray.AdamSettings;

/**
 * Adam's update of float arrays in the host's memory as a vectorized loop in Java, on all cores. Twice as fast as
 * ND4J's updater, which took a tenth of a training step of networks with many parameters and little arithmetic.
 */
final class AdamLoop {
    /** Elements that a task copies to arrays on the Java heap, where the compiler vectorizes loops: 64 kB. */
    private static final int CHUNK = 4096;

    private static final int GRADIENT = 0;
    private static final int MEANS = 1;
    private static final int SQUARES = 2;
    private static final int PARAMETERS = 3;
    private static final ThreadLocal<float[][]> ROWS = ThreadLocal.withInitial(() -> new float[4][CHUNK]);

    private final float beta2;
    private final float rest1;
    private final float rest2;
    private final float rate;
    private final float eps;

    /**
     * @param rate learning rate
     * @param stepsBefore number of steps before this one
     */
    AdamLoop(AdamSettings settings, double rate, int stepsBefore) {
        double correction = Math.sqrt(1 - Math.pow(settings.beta2(), stepsBefore + 1));
        this.beta2 = (float) settings.beta2();
        // Rounded after the subtraction, as PyTorch does: 1 - 0.999f differs from 0.001 by 1.3e-5 of its value.
        this.rest1 = (float) (1 - settings.beta1());
        this.rest2 = (float) (1 - settings.beta2());
        this.rate = (float) (rate * correction / (1 - Math.pow(settings.beta1(), stepsBefore + 1)));
        this.eps = (float) (settings.eps() * correction);
    }

    /**
     * Updates the moments and replaces the gradient by the step, as {@link FlatArray#adam}. For {@link
     * HostFloats#isDense}.
     */
    void direction(INDArray gradient, INDArray m, INDArray v) {
        forEachChunk(gradient.length(), (first, size) -> {
            float[] step = step(first, size, gradient, m, v);
            HostFloats.of(gradient, first).put(step, 0, size);
        });
    }

    /** Updates the moments and the parameters, as {@link FlatArray#adamStep}. For {@link HostFloats#isDense}. */
    void update(INDArray parameters, double remaining, INDArray gradient, INDArray m, INDArray v) {
        float factor = (float) remaining;
        forEachChunk(parameters.length(), (first, size) -> {
            float[] step = step(first, size, gradient, m, v);
            float[] values = read(parameters, first, size, PARAMETERS);
            for (int i = 0; i < size; i++) values[i] = values[i] * factor - step[i];
            HostFloats.of(parameters, first).put(values, 0, size);
        });
    }

    /** Processes elements from {@code first} on. */
    private interface ChunkAction {
        void run(long first, int size);
    }

    private static void forEachChunk(long length, ChunkAction action) {
        LongStream.range(0, (length + CHUNK - 1) / CHUNK).parallel().forEach(i -> {
            long first = i * CHUNK;
            action.run(first, (int) Math.min(CHUNK, length - first));
        });
    }

    private static float[] read(INDArray array, long first, int size, int row) {
        float[] values = ROWS.get()[row];
        HostFloats.of(array, first).get(values, 0, size);
        return values;
    }

    /** Updates the moments of some elements; returns their step, valid until the next call of this thread. */
    private float[] step(long first, int size, INDArray gradient, INDArray m, INDArray v) {
        float[] step = read(gradient, first, size, GRADIENT);
        float[] means = read(m, first, size, MEANS);
        float[] squares = read(v, first, size, SQUARES);
        step(step, means, squares, size);
        HostFloats.of(m, first).put(means, 0, size);
        HostFloats.of(v, first).put(squares, 0, size);
        return step;
    }

    /** @param gradient is replaced by the step */
    private void step(float[] gradient, float[] m, float[] v, int size) {
        for (int i = 0; i < size; i++) {
            float g = gradient[i];
            float first = m[i] + rest1 * (g - m[i]);
            float second = beta2 * v[i] + rest2 * g * g;
            m[i] = first;
            v[i] = second;
            gradient[i] = rate * first / ((float) Math.sqrt(second) + eps);
        }
    }
}
