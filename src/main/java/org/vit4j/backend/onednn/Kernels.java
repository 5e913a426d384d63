package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_batch_normalization_desc_t;
import org.bytedeco.dnnl.dnnl_binary_desc_t;
import org.bytedeco.dnnl.dnnl_eltwise_desc_t;
import org.bytedeco.dnnl.dnnl_layer_normalization_desc_t;
import org.bytedeco.dnnl.dnnl_matmul_desc_t;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.dnnl.dnnl_softmax_desc_t;
import org.bytedeco.javacpp.Pointer;

/** Steps of one oneDNN primitive. Shapes and layouts are checked by whoever calls; see {@link Tape}. */
final class Kernels {
    private Kernels() {}

    /** c = scale * (a b + bias), [.., M, K] x [.., K, N]; bias [.., 1, N] or null; an axis of 1 serves every batch. */
    static PostOp.FusableStep matmul(
            StridedArray left, StridedArray right, StridedArray bias, StridedArray result, double scale) {
        StridedArray a = left.matrix();
        StridedArray b = right.matrix();
        StridedArray c = result.matrix();
        PostOp.FusableStep step = new PostOp.FusableStep("matmul", scale, c, a, b) {
            private Primitive primitive;

            @Override
            void bind() {
                dnnl_matmul_desc_t d = new dnnl_matmul_desc_t();
                Dnnl.check(
                        dnnl_matmul_desc_init(
                                d, a.layout(), b.layout(), bias == null ? null : bias.layout(), c.layout()),
                        "matmul " + a + " x " + b + " -> " + c);
                List<Primitive.PrimitiveArgument> arguments =
                        new ArrayList<>(List.of(a.as(DNNL_ARG_SRC), b.as(DNNL_ARG_WEIGHTS), c.as(DNNL_ARG_DST)));
                if (bias != null) arguments.add(bias.as(DNNL_ARG_BIAS));
                try (PrimitiveAttributes attributes = attributes()) {
                    primitive = new Primitive(Dnnl.describe(d, attributes(attributes, arguments), null), arguments);
                }
            }

            @Override
            void run() {
                primitive.run();
            }

            @Override
            String implementation() {
                return primitive.implementation();
            }

            @Override
            public void close() {
                if (primitive != null) primitive.close();
            }
        };
        if (bias != null) step.touches(bias);
        return step;
    }

    /** Moves elements between layouts, or widens one with strides of 0; with {@code add}, on top of what is there. */
    static KernelStep copy(StridedArray from, StridedArray to, boolean add) {
        return KernelStep.of(
                add ? "accumulate" : "copy",
                () -> new Primitive(
                        Reorder.describe(from.layout(), to.layout(), add),
                        List.of(from.as(DNNL_ARG_FROM), to.as(DNNL_ARG_TO))),
                from,
                to);
    }

    static KernelStep zero(StridedArray dense) {
        return new KernelStep("zero", dense) {
            private Pointer memory;

            @Override
            void bind() {
                memory = new CopyStep(dense.address());
            }

            @Override
            void run() {
                Pointer.memset(memory, 0, dense.size() * Float.BYTES);
            }
        };
    }

    /** A place in the arena, as JavaCPP wants it. */
    static final class CopyStep extends Pointer {
        CopyStep(long address) {
            this.address = address;
        }
    }

    private static dnnl_eltwise_desc_t eltwise(EltwiseFunction f, StridedArray x) {
        dnnl_eltwise_desc_t d = new dnnl_eltwise_desc_t();
        Dnnl.check(
                dnnl_eltwise_forward_desc_init(
                        d, dnnl_forward_training, f.algorithm(), x.layout(), f.alpha(), f.beta()),
                "eltwise");
        return d;
    }

    static KernelStep eltwise(EltwiseFunction f, StridedArray x, StridedArray y) {
        return KernelStep.of(
                f.name(),
                () -> new Primitive(
                        Dnnl.describe(eltwise(f, x), null, null), List.of(x.as(DNNL_ARG_SRC), y.as(DNNL_ARG_DST))),
                x,
                y);
    }

    /** @param kept the input of the forward pass, or its output where {@link EltwiseFunction#byOutput} says so */
    static KernelStep eltwiseBackward(EltwiseFunction f, StridedArray kept, StridedArray dy, StridedArray dx) {
        return KernelStep.of(
                f.name() + "_bp",
                () -> {
                    dnnl_eltwise_desc_t d = new dnnl_eltwise_desc_t();
                    Dnnl.check(
                            dnnl_eltwise_backward_desc_init(
                                    d, f.algorithm(), dy.layout(), kept.layout(), f.alpha(), f.beta()),
                            "eltwise backward");
                    dnnl_primitive_desc forward = Dnnl.describe(eltwise(f, kept), null, null);
                    try {
                        return new Primitive(
                                Dnnl.describe(d, null, forward),
                                List.of(
                                        kept.as(f.byOutput() ? DNNL_ARG_DST : DNNL_ARG_SRC),
                                        dy.as(DNNL_ARG_DIFF_DST),
                                        dx.as(DNNL_ARG_DIFF_SRC)));
                    } finally {
                        dnnl_primitive_desc_destroy(forward);
                    }
                },
                kept,
                dy,
                dx);
    }

    static KernelStep binary(int algorithm, StridedArray a, StridedArray b, StridedArray y) {
        return KernelStep.of(
                "binary",
                () -> {
                    dnnl_binary_desc_t d = new dnnl_binary_desc_t();
                    Dnnl.check(dnnl_binary_desc_init(d, algorithm, a.layout(), b.layout(), y.layout()), "binary");
                    return new Primitive(
                            Dnnl.describe(d, null, null),
                            List.of(a.as(DNNL_ARG_SRC_0), b.as(DNNL_ARG_SRC_1), y.as(DNNL_ARG_DST)));
                },
                a,
                b,
                y);
    }

    private static dnnl_softmax_desc_t softmax(StridedArray x) {
        dnnl_softmax_desc_t d = new dnnl_softmax_desc_t();
        Dnnl.check(dnnl_softmax_forward_desc_init(d, dnnl_forward_training, x.layout(), 1), "softmax");
        return d;
    }

    /** Of each row, [N, C]. */
    static KernelStep softmax(StridedArray x, StridedArray y) {
        return KernelStep.of(
                "softmax",
                () -> new Primitive(
                        Dnnl.describe(softmax(x), null, null), List.of(x.as(DNNL_ARG_SRC), y.as(DNNL_ARG_DST))),
                x,
                y);
    }

    static KernelStep softmaxBackward(StridedArray y, StridedArray dy, StridedArray dx) {
        return KernelStep.of(
                "softmax_bp",
                () -> {
                    dnnl_softmax_desc_t d = new dnnl_softmax_desc_t();
                    Dnnl.check(dnnl_softmax_backward_desc_init(d, dy.layout(), y.layout(), 1), "softmax backward");
                    dnnl_primitive_desc forward = Dnnl.describe(softmax(y), null, null);
                    try {
                        return new Primitive(
                                Dnnl.describe(d, null, forward),
                                List.of(y.as(DNNL_ARG_DST), dy.as(DNNL_ARG_DIFF_DST), dx.as(DNNL_ARG_DIFF_SRC)));
                    } finally {
                        dnnl_primitive_desc_destroy(forward);
                    }
                },
                y,
                dy,
                dx);
    }

    /**
     * What a normalization works with.
     *
     * @param mean one for each row of a layer norm, for each channel of a batch norm
     */
    record NormArguments(
            StridedArray x,
            StridedArray gamma,
            StridedArray beta,
            StridedArray mean,
            StridedArray variance,
            double epsilon) {}

    private static dnnl_layer_normalization_desc_t layerNorm(NormArguments n) {
        dnnl_layer_normalization_desc_t d = new dnnl_layer_normalization_desc_t();
        Dnnl.check(
                dnnl_layer_normalization_forward_desc_init(
                        d,
                        dnnl_forward_training,
                        n.x.layout(),
                        n.mean.layout(),
                        (float) n.epsilon,
                        dnnl_use_scale | dnnl_use_shift),
                "layer norm");
        return d;
    }

    /** Of each row, [N, C]; writes mean and variance [N]. */
    static KernelStep layerNorm(NormArguments n, StridedArray y) {
        return KernelStep.of(
                "layer_norm",
                () -> new Primitive(
                        Dnnl.describe(layerNorm(n), null, null),
                        List.of(
                                n.x.as(DNNL_ARG_SRC),
                                n.gamma.as(DNNL_ARG_SCALE),
                                n.beta.as(DNNL_ARG_SHIFT),
                                n.mean.as(DNNL_ARG_MEAN),
                                n.variance.as(DNNL_ARG_VARIANCE),
                                y.as(DNNL_ARG_DST))),
                n.x,
                n.gamma,
                n.beta,
                n.mean,
                n.variance,
                y);
    }

    static KernelStep layerNormBackward(
            NormArguments n, StridedArray dy, StridedArray dx, StridedArray dGamma, StridedArray dBeta) {
        return KernelStep.of(
                "layer_norm_bp",
                () -> {
                    dnnl_layer_normalization_desc_t d = new dnnl_layer_normalization_desc_t();
                    Dnnl.check(
                            dnnl_layer_normalization_backward_desc_init(
                                    d,
                                    dnnl_backward,
                                    dx.layout(),
                                    n.x.layout(),
                                    n.mean.layout(),
                                    (float) n.epsilon,
                                    dnnl_use_scale | dnnl_use_shift),
                            "layer norm backward");
                    return normBackward(d, Dnnl.describe(layerNorm(n), null, null), n, dy, dx, dGamma, dBeta);
                },
                n.x,
                n.gamma,
                n.beta,
                n.mean,
                n.variance,
                dy,
                dx,
                dGamma,
                dBeta);
    }

    private static Primitive normBackward(
            Pointer d,
            dnnl_primitive_desc forward,
            NormArguments n,
            StridedArray dy,
            StridedArray dx,
            StridedArray dGamma,
            StridedArray dBeta) {
        try {
            return new Primitive(
                    Dnnl.describe(d, null, forward),
                    List.of(
                            n.x.as(DNNL_ARG_SRC),
                            n.gamma.as(DNNL_ARG_SCALE),
                            n.beta.as(DNNL_ARG_SHIFT), // not read, but asked for
                            n.mean.as(DNNL_ARG_MEAN),
                            n.variance.as(DNNL_ARG_VARIANCE),
                            dy.as(DNNL_ARG_DIFF_DST),
                            dx.as(DNNL_ARG_DIFF_SRC),
                            dGamma.as(DNNL_ARG_DIFF_SCALE),
                            dBeta.as(DNNL_ARG_DIFF_SHIFT)));
        } finally {
            dnnl_primitive_desc_destroy(forward);
        }
    }

    private static dnnl_batch_normalization_desc_t batchNorm(NormArguments n, boolean running) {
        dnnl_batch_normalization_desc_t d = new dnnl_batch_normalization_desc_t();
        int flags = dnnl_use_scale | dnnl_use_shift | (running ? dnnl_use_global_stats : 0);
        Dnnl.check(
                dnnl_batch_normalization_forward_desc_init(
                        d,
                        running ? dnnl_forward_inference : dnnl_forward_training,
                        n.x.layout(),
                        (float) n.epsilon,
                        flags),
                "batch norm");
        return d;
    }

    /** [N, C, ..], one mean and variance a channel, [C]: read when {@code running}, else written. */
    static KernelStep batchNorm(NormArguments n, StridedArray y, boolean running) {
        return KernelStep.of(
                "batchnorm",
                () -> new Primitive(
                        Dnnl.describe(batchNorm(n, running), null, null),
                        List.of(
                                n.x.as(DNNL_ARG_SRC),
                                n.gamma.as(DNNL_ARG_SCALE),
                                n.beta.as(DNNL_ARG_SHIFT),
                                n.mean.as(DNNL_ARG_MEAN),
                                n.variance.as(DNNL_ARG_VARIANCE),
                                y.as(DNNL_ARG_DST))),
                n.x,
                n.gamma,
                n.beta,
                n.mean,
                n.variance,
                y);
    }

    static KernelStep batchNormBackward(
            NormArguments n, StridedArray dy, StridedArray dx, StridedArray dGamma, StridedArray dBeta) {
        return KernelStep.of(
                "batchnorm_bp",
                () -> {
                    dnnl_batch_normalization_desc_t d = new dnnl_batch_normalization_desc_t();
                    Dnnl.check(
                            dnnl_batch_normalization_backward_desc_init(
                                    d,
                                    dnnl_backward,
                                    dx.layout(),
                                    n.x.layout(),
                                    (float) n.epsilon,
                                    dnnl_use_scale | dnnl_use_shift),
                            "batch norm backward");
                    return normBackward(d, Dnnl.describe(batchNorm(n, false), null, null), n, dy, dx, dGamma, dBeta);
                },
                n.x,
                n.gamma,
                n.beta,
                n.mean,
                n.variance,
                dy,
                dx,
                dGamma,
                dBeta);
    }
}
