package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import java.util.List;
import org.bytedeco.dnnl.dnnl_primitive_desc;

/** Factories of normalization steps that run one oneDNN primitive; see {@link NormOps}. */
final class NormKernels {
    private static final int SCALE_AND_SHIFT = dnnl_use_scale | dnnl_use_shift;

    private NormKernels() {}

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

    private static dnnl_primitive_desc layerNormForward(NormArguments n, StridedArray y) {
        return Dnnl.primitiveDesc(
                "layer norm",
                desc -> dnnl_layer_normalization_forward_primitive_desc_create(
                        desc,
                        Dnnl.engine(),
                        dnnl_forward_training,
                        n.x.layout(),
                        y.layout(),
                        n.mean.layout(),
                        (float) n.epsilon,
                        SCALE_AND_SHIFT,
                        Dnnl.plainAttributes()));
    }

    /** Layer norm of each row, [N, C]; writes mean and variance [N]. */
    static KernelStep layerNorm(NormArguments n, StridedArray y) {
        return forward("layer_norm", () -> layerNormForward(n, y), n, y);
    }

    static KernelStep layerNormBackward(
            NormArguments n, StridedArray dy, StridedArray dx, StridedArray dGamma, StridedArray dBeta) {
        return backward(
                "layer_norm_bp",
                () -> {
                    dnnl_primitive_desc forward = layerNormForward(n, dy);
                    return Dnnl.backwardDesc(
                            forward,
                            "layer norm backward",
                            desc -> dnnl_layer_normalization_backward_primitive_desc_create(
                                    desc,
                                    Dnnl.engine(),
                                    dnnl_backward,
                                    dx.layout(),
                                    dy.layout(),
                                    n.x.layout(),
                                    n.mean.layout(),
                                    (float) n.epsilon,
                                    SCALE_AND_SHIFT,
                                    forward,
                                    Dnnl.plainAttributes()));
                },
                n,
                new NormGradients(dy, dx, dGamma, dBeta));
    }

    private static dnnl_primitive_desc batchNormForward(NormArguments n, boolean running) {
        return Dnnl.primitiveDesc(
                "batch norm",
                desc -> dnnl_batch_normalization_forward_primitive_desc_create(
                        desc,
                        Dnnl.engine(),
                        running ? dnnl_forward_inference : dnnl_forward_training,
                        n.x.layout(),
                        n.x.layout(),
                        (float) n.epsilon,
                        SCALE_AND_SHIFT | (running ? dnnl_use_global_stats : 0),
                        Dnnl.plainAttributes()));
    }

    /** Batch norm, [N, C, ..]; mean and variance [C] are read if {@code running}, otherwise written. */
    static KernelStep batchNorm(NormArguments n, StridedArray y, boolean running) {
        return forward("batchnorm", () -> batchNormForward(n, running), n, y);
    }

    static KernelStep batchNormBackward(
            NormArguments n, StridedArray dy, StridedArray dx, StridedArray dGamma, StridedArray dBeta) {
        return backward(
                "batchnorm_bp",
                () -> {
                    dnnl_primitive_desc forward = batchNormForward(n, false);
                    return Dnnl.backwardDesc(
                            forward,
                            "batch norm backward",
                            desc -> dnnl_batch_normalization_backward_primitive_desc_create(
                                    desc,
                                    Dnnl.engine(),
                                    dnnl_backward,
                                    dx.layout(),
                                    dy.layout(),
                                    n.x.layout(),
                                    (float) n.epsilon,
                                    SCALE_AND_SHIFT,
                                    forward,
                                    Dnnl.plainAttributes()));
                },
                n,
                new NormGradients(dy, dx, dGamma, dBeta));
    }

    private record NormGradients(StridedArray dy, StridedArray dx, StridedArray dGamma, StridedArray dBeta) {}

    private interface DescFactory {
        dnnl_primitive_desc create();
    }

    private static KernelStep forward(String kind, DescFactory desc, NormArguments n, StridedArray y) {
        return KernelStep.of(
                kind,
                () -> new Primitive(
                        desc.create(),
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

    private static KernelStep backward(String kind, DescFactory desc, NormArguments n, NormGradients g) {
        return KernelStep.of(
                kind,
                () -> new Primitive(
                        desc.create(),
                        List.of(
                                n.x.argument(DNNL_ARG_SRC),
                                n.gamma.argument(DNNL_ARG_SCALE),
                                n.mean.argument(DNNL_ARG_MEAN),
                                n.variance.argument(DNNL_ARG_VARIANCE),
                                g.dy.argument(DNNL_ARG_DIFF_DST),
                                g.dx.argument(DNNL_ARG_DIFF_SRC),
                                g.dGamma.argument(DNNL_ARG_DIFF_SCALE),
                                g.dBeta.argument(DNNL_ARG_DIFF_SHIFT))),
                n.x,
                n.gamma,
                n.mean,
                n.variance,
                g.dy,
                g.dx,
                g.dGamma,
                g.dBeta);
    }
}
