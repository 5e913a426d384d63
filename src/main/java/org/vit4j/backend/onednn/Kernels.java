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

/** Factories of steps that run one oneDNN primitive. Callers ensure matching shapes and layouts; see {@link Tape}. */
final class Kernels {
    private Kernels() {}

    /**
     * c = scale * (a b + bias), [.., M, K] x [.., K, N]; bias [.., 1, N] or null; batch axes of size 1 are broadcast.
     */
    static PostOp.FusableStep matmul(
            StridedArray left, StridedArray right, StridedArray bias, StridedArray result, double scale) {
        StridedArray a = left.forMatmul();
        StridedArray b = right.forMatmul();
        StridedArray c = result.forMatmul();
        PostOp.FusableStep step = new PostOp.FusableStep("matmul", scale, c, a, b) {
            private Primitive primitive;

            @Override
            void bind() {
                dnnl_matmul_desc_t d = new dnnl_matmul_desc_t();
                Dnnl.check(
                        dnnl_matmul_desc_init(
                                d, a.layout(), b.layout(), bias == null ? null : bias.layout(), c.layout()),
                        "matmul " + a + " x " + b + " -> " + c);
                List<Primitive.PrimitiveArgument> arguments = new ArrayList<>(
                        List.of(a.argument(DNNL_ARG_SRC), b.argument(DNNL_ARG_WEIGHTS), c.argument(DNNL_ARG_DST)));
                if (bias != null) arguments.add(bias.argument(DNNL_ARG_BIAS));
                try (PrimitiveAttributes attributes = attributes()) {
                    primitive = new Primitive(
                            Dnnl.createPrimitiveDesc(d, attributes(attributes, arguments), null), arguments);
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
        if (bias != null) step.addArray(bias);
        return step;
    }

    /** Copies between layouts, or broadcasts along axes of stride 0; with {@code add}, adds to the destination. */
    static KernelStep copy(StridedArray from, StridedArray to, boolean add) {
        return KernelStep.of(
                add ? "accumulate" : "copy",
                () -> new Primitive(
                        Reorder.createPrimitiveDesc(from.layout(), to.layout(), add),
                        List.of(from.argument(DNNL_ARG_FROM), to.argument(DNNL_ARG_TO))),
                from,
                to);
    }

    static KernelStep zero(StridedArray dense) {
        return new KernelStep("zero", dense) {
            private Pointer memory;

            @Override
            void bind() {
                memory = new RawPointer(dense.address());
            }

            @Override
            void run() {
                Pointer.memset(memory, 0, dense.size() * Float.BYTES);
            }
        };
    }

    /** JavaCPP pointer to an address in memory that it does not own. */
    static final class RawPointer extends Pointer {
        RawPointer(long address) {
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
                        Dnnl.createPrimitiveDesc(eltwise(f, x), null, null),
                        List.of(x.argument(DNNL_ARG_SRC), y.argument(DNNL_ARG_DST))),
                x,
                y);
    }

    /** @param saved the forward pass's output if {@link EltwiseFunction#backwardUsesOutput}, otherwise its input */
    static KernelStep eltwiseBackward(EltwiseFunction f, StridedArray saved, StridedArray dy, StridedArray dx) {
        return KernelStep.of(
                f.name() + "_bp",
                () -> {
                    dnnl_eltwise_desc_t d = new dnnl_eltwise_desc_t();
                    Dnnl.check(
                            dnnl_eltwise_backward_desc_init(
                                    d, f.algorithm(), dy.layout(), saved.layout(), f.alpha(), f.beta()),
                            "eltwise backward");
                    dnnl_primitive_desc forward = Dnnl.createPrimitiveDesc(eltwise(f, saved), null, null);
                    try {
                        return new Primitive(
                                Dnnl.createPrimitiveDesc(d, null, forward),
                                List.of(
                                        saved.argument(f.backwardUsesOutput() ? DNNL_ARG_DST : DNNL_ARG_SRC),
                                        dy.argument(DNNL_ARG_DIFF_DST),
                                        dx.argument(DNNL_ARG_DIFF_SRC)));
                    } finally {
                        dnnl_primitive_desc_destroy(forward);
                    }
                },
                saved,
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
                            Dnnl.createPrimitiveDesc(d, null, null),
                            List.of(a.argument(DNNL_ARG_SRC_0), b.argument(DNNL_ARG_SRC_1), y.argument(DNNL_ARG_DST)));
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

    /** Softmax of each row, [N, C]. */
    static KernelStep softmax(StridedArray x, StridedArray y) {
        return KernelStep.of(
                "softmax",
                () -> new Primitive(
                        Dnnl.createPrimitiveDesc(softmax(x), null, null),
                        List.of(x.argument(DNNL_ARG_SRC), y.argument(DNNL_ARG_DST))),
                x,
                y);
    }

    static KernelStep softmaxBackward(StridedArray y, StridedArray dy, StridedArray dx) {
        return KernelStep.of(
                "softmax_bp",
                () -> {
                    dnnl_softmax_desc_t d = new dnnl_softmax_desc_t();
                    Dnnl.check(dnnl_softmax_backward_desc_init(d, dy.layout(), y.layout(), 1), "softmax backward");
                    dnnl_primitive_desc forward = Dnnl.createPrimitiveDesc(softmax(y), null, null);
                    try {
                        return new Primitive(
                                Dnnl.createPrimitiveDesc(d, null, forward),
                                List.of(
                                        y.argument(DNNL_ARG_DST),
                                        dy.argument(DNNL_ARG_DIFF_DST),
                                        dx.argument(DNNL_ARG_DIFF_SRC)));
                    } finally {
                        dnnl_primitive_desc_destroy(forward);
                    }
                },
                y,
                dy,
                dx);
    }

    /**
     * Arguments of a normalization.
     *
     * @param mean one per row in layer norm, one per channel in batch norm; likewise {@code variance}
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

    /** Layer norm of each row, [N, C]; writes mean and variance [N]. */
    static KernelStep layerNorm(NormArguments n, StridedArray y) {
        return KernelStep.of(
                "layer_norm",
                () -> new Primitive(
                        Dnnl.createPrimitiveDesc(layerNorm(n), null, null),
                        List.of(
                                n.x.argument(DNNL_ARG_SRC),
                                n.gamma.argument(DNNL_ARG_SCALE),
                                n.beta.argument(DNNL_ARG_SHIFT),
                                n.mean.argument(DNNL_ARG_MEAN),
                                n.variance.argument(DNNL_ARG_VARIANCE),
                                y.argument(DNNL_ARG_DST))),
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
                    return normBackward(
                            d, Dnnl.createPrimitiveDesc(layerNorm(n), null, null), n, dy, dx, dGamma, dBeta);
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
                    Dnnl.createPrimitiveDesc(d, null, forward),
                    List.of(
                            n.x.argument(DNNL_ARG_SRC),
                            n.gamma.argument(DNNL_ARG_SCALE),
                            n.beta.argument(DNNL_ARG_SHIFT), // not used, but required
                            n.mean.argument(DNNL_ARG_MEAN),
                            n.variance.argument(DNNL_ARG_VARIANCE),
                            dy.argument(DNNL_ARG_DIFF_DST),
                            dx.argument(DNNL_ARG_DIFF_SRC),
                            dGamma.argument(DNNL_ARG_DIFF_SCALE),
                            dBeta.argument(DNNL_ARG_DIFF_SHIFT)));
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

    /** Batch norm, [N, C, ..]; mean and variance [C] are read if {@code running}, otherwise written. */
    static KernelStep batchNorm(NormArguments n, StridedArray y, boolean running) {
        return KernelStep.of(
                "batchnorm",
                () -> new Primitive(
                        Dnnl.createPrimitiveDesc(batchNorm(n, running), null, null),
                        List.of(
                                n.x.argument(DNNL_ARG_SRC),
                                n.gamma.argument(DNNL_ARG_SCALE),
                                n.beta.argument(DNNL_ARG_SHIFT),
                                n.mean.argument(DNNL_ARG_MEAN),
                                n.variance.argument(DNNL_ARG_VARIANCE),
                                y.argument(DNNL_ARG_DST))),
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
                    return normBackward(
                            d, Dnnl.createPrimitiveDesc(batchNorm(n, false), null, null), n, dy, dx, dGamma, dBeta);
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
