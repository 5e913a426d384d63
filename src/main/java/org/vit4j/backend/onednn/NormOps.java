package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_add;
import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_mul;

/** Normalizations, each with its backward pass. */
final class NormOps {
    private final Tape tape;
    private final MatmulOps maths;

    NormOps(Tape tape, MatmulOps maths) {
        this.tape = tape;
        this.maths = maths;
    }

    /** Of each row, [N, C], with gamma and beta [C]. */
    TapeValue layerNorm(TapeValue given, TapeValue gamma, TapeValue beta, double epsilon) {
        TapeValue x = tape.dense(given);
        long rows = x.array().dim(0);
        Kernels.NormArguments n = new Kernels.NormArguments(
                x.array(), gamma.array(), beta.array(), StridedArray.fresh(rows), StridedArray.fresh(rows), epsilon);
        StridedArray to =
                x.isDisposable() && !tape.isTraining() ? x.array() : x.array().like();
        tape.emit(Kernels.layerNorm(n, to));
        TapeValue y = tape.value(to, x.needsGradient() || gamma.needsGradient() || beta.needsGradient());
        tape.onBackward(() -> {
            StridedArray dy = tidy(y);
            if (dy == null) return;
            backward(n, x, gamma, beta, (dx, dg, db) -> tape.emit(Kernels.layerNormBackward(n, dy, dx, dg, db)));
        });
        return y;
    }

    /** Dense, as the kernels want it. */
    private StridedArray tidy(TapeValue y) {
        StridedArray dy = tape.gradient(y);
        if (dy == null || dy.isLaidOutAs(y.array())) return dy;
        StridedArray to = y.array().like();
        tape.emit(Kernels.copy(dy, to, false));
        return to;
    }

    private interface NormBackward {
        void write(StridedArray dx, StridedArray dGamma, StridedArray dBeta);
    }

    /** One step makes all three gradients; those nobody wants go to memory nobody reads. */
    private void backward(Kernels.NormArguments n, TapeValue x, TapeValue gamma, TapeValue beta, NormBackward step) {
        StridedArray dx = n.x().like();
        StridedArray dGamma = target(gamma);
        StridedArray dBeta = target(beta);
        step.write(dx, dGamma, dBeta);
        keep(gamma, dGamma);
        keep(beta, dBeta);
        tape.accumulate(x, dx, true);
    }

    private static StridedArray target(TapeValue weight) {
        boolean straight = weight.target() != null && !weight.target().isWritten();
        return straight ? weight.target().array : weight.array().like();
    }

    private void keep(TapeValue weight, StridedArray gradient) {
        if (weight.target() != null && gradient == weight.target().array)
            weight.target().write();
        else tape.accumulate(weight, gradient, true);
    }

    /**
     * (x - mean) / (deviation + epsilon), with gamma and beta [1, C], composed.
     *
     * @param given rows [N, C]
     */
    TapeValue channelNorm(TapeValue given, TapeValue gamma, TapeValue beta, double epsilon) {
        TapeValue x = tape.dense(given);
        TapeValue centered = maths.sub(x, meanOfRows(x));
        TapeValue variance = meanOfRows(maths.mul(centered, centered));
        TapeValue deviation =
                maths.eltwise(EltwiseFunction.linear(1, epsilon), maths.eltwise(EltwiseFunction.SQRT, variance));
        return maths.add(maths.mul(maths.div(centered, deviation), gamma), beta);
    }

    /** [N, C] -> [N, 1] */
    private TapeValue meanOfRows(TapeValue x) {
        long width = x.array().last();
        float[] average = new float[Math.toIntExact(width)];
        java.util.Arrays.fill(average, 1f / width);
        return maths.matmul(x, new TapeValue(tape.constant(average, width, 1), false, -1));
    }

    /** Each row [N, C] to zero mean and unit variance. */
    TapeValue standardize(TapeValue given, double epsilon) {
        TapeValue x = tape.dense(given);
        TapeValue centered = maths.sub(x, meanOfRows(x));
        TapeValue variance = meanOfRows(maths.mul(centered, centered));
        return maths.div(
                centered,
                maths.eltwise(EltwiseFunction.SQRT, maths.eltwise(EltwiseFunction.linear(1, epsilon), variance)));
    }

    /** [B, H, W, C]: the pixels and channels of each group to zero mean and unit variance. */
    TapeValue groups(TapeValue x, int groups, double epsilon) {
        long[] dims = x.array().dims();
        long pixels = dims[1] * dims[2];
        long width = dims[3] / groups;
        TapeValue grouped = tape.permute(tape.reshape(x, dims[0], pixels, groups, width), 0, 2, 1, 3);
        TapeValue flat = tape.reshape(grouped, dims[0] * groups, pixels * width);
        TapeValue scaled = tape.reshape(standardize(flat, epsilon), dims[0], groups, pixels, width);
        return tape.reshape(tape.permute(scaled, 0, 2, 1, 3), dims);
    }

    /** [N, C, ..] by the batch's own statistics, which are left in {@code mean} and {@code variance} [C]. */
    TapeValue batchNorm(
            TapeValue x, TapeValue gamma, TapeValue beta, StridedArray mean, StridedArray variance, double epsilon) {
        Kernels.NormArguments n =
                new Kernels.NormArguments(x.array(), gamma.array(), beta.array(), mean, variance, epsilon);
        StridedArray to = x.array().like();
        tape.emit(Kernels.batchNorm(n, to, false));
        TapeValue y = tape.value(to, x.needsGradient() || gamma.needsGradient() || beta.needsGradient());
        tape.onBackward(() -> {
            StridedArray dy = tidy(y);
            if (dy == null) return;
            backward(n, x, gamma, beta, (dx, dg, db) -> tape.emit(Kernels.batchNormBackward(n, dy, dx, dg, db)));
        });
        return y;
    }

    /**
     * By running statistics, without a backward pass: done by the step that makes x where that step can.
     *
     * @param x [.., C], the channels last
     */
    TapeValue runningLast(TapeValue x, Kernels.NormArguments n) {
        long channels = n.mean().size();
        StridedArray scale = StridedArray.fresh(channels);
        StridedArray shift = StridedArray.fresh(channels);
        KernelStep fold = fold(n, scale, shift);
        TapeValue scaleNode = new TapeValue(scale, false, -1);
        TapeValue shiftNode = new TapeValue(shift, false, -1);
        if (maths.fuse(dnnl_binary_mul, x, scaleNode)) {
            tape.emitEarly(fold);
            if (!maths.fuse(dnnl_binary_add, x, shiftNode)) throw new IllegalStateException("half a batch norm");
            return new TapeValue(x.array(), false, x.producerStep(), true).setProducer(x.producer(), x.producerStep());
        }
        return running(x, n);
    }

    /** Rows [N, C] by running statistics that stay as they are; gamma and beta [1, C] still learn. */
    TapeValue frozen(TapeValue x, TapeValue gamma, TapeValue beta, Kernels.NormArguments n) {
        long channels = n.mean().size();
        StridedArray inverse = StridedArray.fresh(channels);
        tape.emitEarly(new JavaStep(
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
        return maths.add(maths.mul(maths.mul(maths.sub(x, mean), factor), gamma), beta);
    }

    /** [N, C, ..] by running statistics. */
    TapeValue running(TapeValue x, Kernels.NormArguments n) {
        StridedArray to = x.isDisposable() ? x.array() : x.array().like();
        tape.emit(Kernels.batchNorm(n, to, true));
        return tape.value(to, false);
    }

    /** gamma / sqrt(variance + epsilon), and what that leaves to add: a few numbers a layer. */
    private static KernelStep fold(Kernels.NormArguments n, StridedArray scale, StridedArray shift) {
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
