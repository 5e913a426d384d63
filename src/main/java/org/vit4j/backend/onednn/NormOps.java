package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_add;
import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_mul;

/** Normalization layers with their backward passes. */
final class NormOps {
    private final Tape tape;
    private final MatmulOps math;
    private final EltwiseOps eltwise;

    NormOps(Tape tape, MatmulOps math) {
        this.tape = tape;
        this.math = math;
        this.eltwise = new EltwiseOps(tape);
    }

    /** Layer norm of each row, [N, C], with gamma and beta [C]; statistics are floats. */
    TapeValue layerNorm(TapeValue input, TapeValue gamma, TapeValue beta, double epsilon, ElementType type) {
        TapeValue x = tape.dense(input);
        long rows = x.array().dim(0);
        NormKernels.NormArguments n = new NormKernels.NormArguments(
                x.array(),
                gamma.array(),
                beta.array(),
                StridedArray.temporary(rows),
                StridedArray.temporary(rows),
                epsilon);
        boolean inPlace = x.isDisposable() && !tape.isTraining() && x.array().type() == type;
        StridedArray to = inPlace ? x.array() : x.array().like(type);
        tape.emit(NormKernels.layerNorm(n, to));
        // Rounded to bfloat16, the gradient made those of gamma and beta less accurate than PyTorch's autocast does.
        TapeValue y = tape.value(to, x.needsGradient() || gamma.needsGradient() || beta.needsGradient())
                .setGradientType(x.array().type())
                .setRecomputation(new Recomputation(to, again -> tape.emit(NormKernels.layerNorm(n, again))));
        tape.onBackward(() -> {
            StridedArray dy = gradientLaidOutAsOutput(y);
            if (dy == null) return;
            backward(n, x, gamma, beta, (dx, dg, db) -> tape.emit(NormKernels.layerNormBackward(n, dy, dx, dg, db)));
        });
        return y;
    }

    /** The gradient of y in the layout of y, which the kernels require; null if there is none. */
    private StridedArray gradientLaidOutAsOutput(TapeValue y) {
        StridedArray dy = tape.gradient(y);
        if (dy == null || dy.hasLayoutOf(y.array())) return dy;
        StridedArray to = y.array().like(dy.type());
        tape.emit(Kernels.copy(dy, to, false));
        return to;
    }

    private interface NormBackward {
        void write(StridedArray dx, StridedArray dGamma, StridedArray dBeta);
    }

    /** Emits one step for all three gradients; those not needed are written to unused memory. */
    private void backward(
            NormKernels.NormArguments n, TapeValue x, TapeValue gamma, TapeValue beta, NormBackward kernel) {
        StridedArray dx = n.x().like();
        StridedArray dGamma = gradientBuffer(gamma);
        StridedArray dBeta = gradientBuffer(beta);
        kernel.write(dx, dGamma, dBeta);
        storeGradient(gamma, dGamma);
        storeGradient(beta, dBeta);
        tape.accumulate(x, dx, true);
    }

    private static StridedArray gradientBuffer(TapeValue weight) {
        boolean direct = weight.target() != null && !weight.target().isWritten();
        return direct ? weight.target().array : weight.array().like();
    }

    private void storeGradient(TapeValue weight, StridedArray gradient) {
        if (weight.target() != null && gradient == weight.target().array)
            weight.target().markWritten();
        else tape.accumulate(weight, gradient, true);
    }

    /**
     * Layer norm with epsilon outside of the root, composed of basic ops: (x - mean) / (deviation + epsilon) * gamma +
     * beta.
     *
     * @param input rows [N, C]; gamma and beta [1, C]
     */
    TapeValue channelNorm(TapeValue input, TapeValue gamma, TapeValue beta, double epsilon) {
        TapeValue x = tape.dense(input);
        TapeValue centered = math.sub(x, meanOfRows(x));
        TapeValue variance = meanOfRows(math.mul(centered, centered));
        TapeValue deviation =
                eltwise.apply(EltwiseFunction.linear(1, epsilon), eltwise.apply(EltwiseFunction.SQRT, variance));
        return math.add(math.mul(math.div(centered, deviation), gamma), beta);
    }

    /** Mean of each row, [N, C] -> [N, 1]. */
    private TapeValue meanOfRows(TapeValue x) {
        long width = x.array().last();
        float[] average = new float[Math.toIntExact(width)];
        java.util.Arrays.fill(average, 1f / width);
        return math.matmul(x, new TapeValue(tape.constant(average, width, 1), false, -1));
    }

    /** Scales each row of [N, C] to zero mean and unit variance. */
    TapeValue standardize(TapeValue input, double epsilon) {
        TapeValue x = tape.dense(input);
        TapeValue centered = math.sub(x, meanOfRows(x));
        TapeValue variance = meanOfRows(math.mul(centered, centered));
        return math.div(
                centered,
                eltwise.apply(EltwiseFunction.SQRT, eltwise.apply(EltwiseFunction.linear(1, epsilon), variance)));
    }

    /**
     * Scales each channel group of an image [B, H, W, C] to zero mean and unit variance over its pixels and channels.
     */
    TapeValue standardizeGroups(TapeValue x, int groups, double epsilon) {
        long[] dims = x.array().dims();
        long pixels = dims[1] * dims[2];
        long width = dims[3] / groups;
        TapeValue grouped = tape.permute(tape.reshape(x, dims[0], pixels, groups, width), 0, 2, 1, 3);
        TapeValue flat = tape.reshape(grouped, dims[0] * groups, pixels * width);
        TapeValue scaled = tape.reshape(standardize(flat, epsilon), dims[0], groups, pixels, width);
        return tape.reshape(tape.permute(scaled, 0, 2, 1, 3), dims);
    }

    /** Batch norm of [N, C, ..] by batch statistics, which are written to {@code mean} and {@code variance} [C]. */
    TapeValue batchNorm(
            TapeValue x, TapeValue gamma, TapeValue beta, StridedArray mean, StridedArray variance, double epsilon) {
        NormKernels.NormArguments n =
                new NormKernels.NormArguments(x.array(), gamma.array(), beta.array(), mean, variance, epsilon);
        StridedArray to = x.array().like();
        tape.emit(NormKernels.batchNorm(n, to, false));
        TapeValue y = tape.value(to, x.needsGradient() || gamma.needsGradient() || beta.needsGradient());
        tape.onBackward(() -> {
            StridedArray dy = gradientLaidOutAsOutput(y);
            if (dy == null) return;
            backward(n, x, gamma, beta, (dx, dg, db) -> tape.emit(NormKernels.batchNormBackward(n, dy, dx, dg, db)));
        });
        return y;
    }

    /**
     * Batch norm by running statistics, without a backward pass. Fused into the step that computes x where possible.
     *
     * @param x [.., C], channels last
     */
    TapeValue fusedBatchNormInference(TapeValue x, NormKernels.NormArguments n) {
        if (math.tryFold(x, new FoldedNorm(n)))
            return new TapeValue(x.array(), false, x.producerStep(), true).setProducer(x.producer(), x.producerStep());
        long channels = n.mean().size();
        StridedArray scale = StridedArray.temporary(channels);
        StridedArray shift = StridedArray.temporary(channels);
        KernelStep fold = foldStep(n, scale, shift);
        TapeValue scaleValue = new TapeValue(scale, false, -1);
        TapeValue shiftValue = new TapeValue(shift, false, -1);
        if (math.tryFuse(dnnl_binary_mul, x, scaleValue)) {
            tape.emitSetup(fold);
            if (!math.tryFuse(dnnl_binary_add, x, shiftValue))
                throw new IllegalStateException("scale of a batch norm was fused, but its shift cannot be");
            return new TapeValue(x.array(), false, x.producerStep(), true).setProducer(x.producer(), x.producerStep());
        }
        return batchNormInference(x, n);
    }

    /** Batch norm of rows [N, C] by constant running statistics; gamma and beta [1, C] are trainable. */
    TapeValue frozenBatchNorm(TapeValue x, TapeValue gamma, TapeValue beta, NormKernels.NormArguments n) {
        long channels = n.mean().size();
        StridedArray inverse = StridedArray.temporary(channels);
        tape.emitSetup(new JavaStep(
                "inverse_deviation",
                at -> {
                    for (long i = 0; i < channels; i++) {
                        at[1].put(i, (float) (1 / Math.sqrt(at[0].get(i) + n.epsilon())));
                    }
                },
                n.variance(),
                inverse));
        TapeValue mean = new TapeValue(n.mean().reshape(1, channels).orElseThrow(), false, -1);
        TapeValue factor = new TapeValue(inverse.reshape(1, channels).orElseThrow(), false, -1);
        return math.add(math.mul(math.mul(math.sub(x, mean), factor), gamma), beta);
    }

    /** Batch norm of [N, C, ..] by running statistics, without a backward pass. */
    TapeValue batchNormInference(TapeValue x, NormKernels.NormArguments n) {
        StridedArray to = x.isDisposable() ? x.array() : x.array().like();
        tape.emit(NormKernels.batchNorm(n, to, true));
        return tape.value(to, false);
    }

    /** Computes scale = gamma / sqrt(variance + epsilon) and shift = beta - mean * scale, [C] each. */
    private static KernelStep foldStep(NormKernels.NormArguments n, StridedArray scale, StridedArray shift) {
        return new JavaStep(
                "fold_norm",
                at -> {
                    for (long i = 0; i < scale.size(); i++) {
                        float f = (float) (at[0].get(i) / Math.sqrt(at[3].get(i) + n.epsilon()));
                        at[4].put(i, f);
                        at[5].put(i, at[1].get(i) - at[2].get(i) * f);
                    }
                },
                n.gamma(),
                n.beta(),
                n.mean(),
                n.variance(),
                scale,
                shift);
    }
}
