package org.vit4j.backend.onednn;

import org.bytedeco.javacpp.FloatPointer;

/**
 * Batch norm by constant running statistics as part of the layer before it: a factor of the layer's weights and an offset of its
 * bias, per channel.
 */
final class FoldedNorm {
    private final NormKernels.NormArguments norm;

    /** @param norm arrays [C], all of them parameters */
    FoldedNorm(NormKernels.NormArguments norm) {
        this.norm = norm;
    }

    /** Identifies the batch norm among those of a network. */
    long key() {
        return norm.gamma().address();
    }

    int channels() {
        return Math.toIntExact(norm.mean().size());
    }

    private static float[] values(StridedArray array) {
        float[] values = new float[Math.toIntExact(array.size())];
        new FloatPointer(new Kernels.RawPointer(array.address())).get(values);
        return values;
    }

    /** gamma / sqrt(variance + epsilon), [C]. */
    float[] factors() {
        float[] gamma = values(norm.gamma());
        float[] variance = values(norm.variance());
        float[] factors = new float[gamma.length];
        for (int i = 0; i < factors.length; i++)
            factors[i] = (float) (gamma[i] / Math.sqrt(variance[i] + norm.epsilon()));
        return factors;
    }

    /** beta - mean * factor, [C]. */
    float[] offsets() {
        float[] factors = factors();
        float[] beta = values(norm.beta());
        float[] mean = values(norm.mean());
        float[] offsets = new float[factors.length];
        for (int i = 0; i < offsets.length; i++) offsets[i] = beta[i] - mean[i] * factors[i];
        return offsets;
    }

    /** Weights times the factors of their channels, in the same layout; channels are innermost in memory. */
    FloatPointer scaled(StridedArray weights) {
        float[] values = values(weights);
        float[] factors = factors();
        for (int i = 0; i < values.length; i++) values[i] *= factors[i % factors.length];
        return new FloatPointer(values);
    }

    /** bias * factor + offset, [C]; {@code bias} may be null. */
    float[] bias(StridedArray bias) {
        float[] sum = offsets();
        if (bias == null) return sum;
        float[] values = values(bias);
        float[] factors = factors();
        for (int i = 0; i < sum.length; i++) sum[i] += values[i] * factors[i];
        return sum;
    }
}
