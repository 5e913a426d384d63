package org.vit4j.accelerated;

import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_add;
import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_mul;

/** Normalisations, each with its backward pass. */
final class Norms {
    private final Tape tape;
    private final Maths maths;

    Norms(Tape tape, Maths maths) {
        this.tape = tape;
        this.maths = maths;
    }

    /** Of each row, [N, C], with gamma and beta [C]. */
    Node layerNorm(Node given, Node gamma, Node beta, double epsilon) {
        Node x = tape.dense(given);
        long rows = x.array().dim(0);
        Kernels.Normal n = new Kernels.Normal(
                x.array(), gamma.array(), beta.array(), Array.fresh(rows), Array.fresh(rows), epsilon);
        Array to =
                x.isDisposable() && !tape.isTraining() ? x.array() : x.array().like();
        tape.emit(Kernels.layerNorm(n, to));
        Node y = tape.made(to, x.needsGradient() || gamma.needsGradient() || beta.needsGradient());
        tape.remember(() -> {
            Array dy = tidy(y);
            if (dy == null) return;
            backward(n, x, gamma, beta, (dx, dg, db) -> tape.emit(Kernels.layerNormBackward(n, dy, dx, dg, db)));
        });
        return y;
    }

    /** Dense, as the kernels want it. */
    private Array tidy(Node y) {
        Array dy = tape.gradient(y);
        if (dy == null || dy.isLaidOutAs(y.array())) return dy;
        Array to = y.array().like();
        tape.emit(Kernels.copy(dy, to, false));
        return to;
    }

    private interface Backward {
        void write(Array dx, Array dGamma, Array dBeta);
    }

    /** One step makes all three gradients; those nobody wants go to memory nobody reads. */
    private void backward(Kernels.Normal n, Node x, Node gamma, Node beta, Backward step) {
        Array dx = n.x().like();
        Array dGamma = target(gamma);
        Array dBeta = target(beta);
        step.write(dx, dGamma, dBeta);
        keep(gamma, dGamma);
        keep(beta, dBeta);
        tape.give(x, dx, true);
    }

    private static Array target(Node weight) {
        boolean straight = weight.place() != null && !weight.place().isWritten();
        return straight ? weight.place().array : weight.array().like();
    }

    private void keep(Node weight, Array gradient) {
        if (weight.place() != null && gradient == weight.place().array)
            weight.place().write();
        else tape.give(weight, gradient, true);
    }

    /**
     * (x - mean) / (deviation + epsilon), with gamma and beta [1, C], composed.
     *
     * @param given rows [N, C]
     */
    Node channelNorm(Node given, Node gamma, Node beta, double epsilon) {
        Node x = tape.dense(given);
        Node centred = maths.sub(x, meanOfRows(x));
        Node variance = meanOfRows(maths.mul(centred, centred));
        Node deviation = maths.eltwise(Eltwise.linear(1, epsilon), maths.eltwise(Eltwise.SQRT, variance));
        return maths.add(maths.mul(maths.div(centred, deviation), gamma), beta);
    }

    /** [N, C] -> [N, 1] */
    private Node meanOfRows(Node x) {
        long width = x.array().last();
        float[] average = new float[Math.toIntExact(width)];
        java.util.Arrays.fill(average, 1f / width);
        return maths.matmul(x, new Node(tape.constant(average, width, 1), false, -1));
    }

    /** Each row [N, C] to zero mean and unit variance. */
    Node standardize(Node given, double epsilon) {
        Node x = tape.dense(given);
        Node centred = maths.sub(x, meanOfRows(x));
        Node variance = meanOfRows(maths.mul(centred, centred));
        return maths.div(centred, maths.eltwise(Eltwise.SQRT, maths.eltwise(Eltwise.linear(1, epsilon), variance)));
    }

    /** [B, H, W, C]: the pixels and channels of each group to zero mean and unit variance. */
    Node groups(Node x, int groups, double epsilon) {
        long[] dims = x.array().dims();
        long pixels = dims[1] * dims[2];
        long width = dims[3] / groups;
        Node grouped = tape.permute(tape.reshape(x, dims[0], pixels, groups, width), 0, 2, 1, 3);
        Node flat = tape.reshape(grouped, dims[0] * groups, pixels * width);
        Node scaled = tape.reshape(standardize(flat, epsilon), dims[0], groups, pixels, width);
        return tape.reshape(tape.permute(scaled, 0, 2, 1, 3), dims);
    }

    /** [N, C, ..] by the batch's own statistics, which are left in {@code mean} and {@code variance} [C]. */
    Node batchNorm(Node x, Node gamma, Node beta, Array mean, Array variance, double epsilon) {
        Kernels.Normal n = new Kernels.Normal(x.array(), gamma.array(), beta.array(), mean, variance, epsilon);
        Array to = x.array().like();
        tape.emit(Kernels.batchNorm(n, to, false));
        Node y = tape.made(to, x.needsGradient() || gamma.needsGradient() || beta.needsGradient());
        tape.remember(() -> {
            Array dy = tidy(y);
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
    Node runningLast(Node x, Kernels.Normal n) {
        long channels = n.mean().size();
        Array scale = Array.fresh(channels);
        Array shift = Array.fresh(channels);
        Step fold = fold(n, scale, shift);
        Node scaleNode = new Node(scale, false, -1);
        Node shiftNode = new Node(shift, false, -1);
        if (maths.fuse(dnnl_binary_mul, x, scaleNode)) {
            tape.emitEarly(fold);
            if (!maths.fuse(dnnl_binary_add, x, shiftNode)) throw new IllegalStateException("half a batch norm");
            return new Node(x.array(), false, x.producerStep(), true).producedBy(x.producer(), x.producerStep());
        }
        return running(x, n);
    }

    /** Rows [N, C] by running statistics that stay as they are; gamma and beta [1, C] still learn. */
    Node frozen(Node x, Node gamma, Node beta, Kernels.Normal n) {
        long channels = n.mean().size();
        Array inverse = Array.fresh(channels);
        tape.emitEarly(new HostStep(
                "inverse_deviation",
                at -> {
                    for (long i = 0; i < channels; i++) {
                        at[1].put(i, (float) (1 / Math.sqrt(at[0].get(i) + n.epsilon())));
                    }
                },
                n.variance(),
                inverse));
        Node mean = new Node(n.mean().reshape(1, channels).orElseThrow(), false, -1);
        Node factor = new Node(inverse.reshape(1, channels).orElseThrow(), false, -1);
        return maths.add(maths.mul(maths.mul(maths.sub(x, mean), factor), gamma), beta);
    }

    /** [N, C, ..] by running statistics. */
    Node running(Node x, Kernels.Normal n) {
        Array to = x.isDisposable() ? x.array() : x.array().like();
        tape.emit(Kernels.batchNorm(n, to, true));
        return tape.made(to, false);
    }

    /** gamma / sqrt(variance + epsilon), and what that leaves to add: a few numbers a layer. */
    private static Step fold(Kernels.Normal n, Array scale, Array shift) {
        return new HostStep(
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
