package org.vit4j.accelerated;

import static org.bytedeco.dnnl.global.dnnl.*;

import org.vit4j.graph.Activation;

/**
 * A function of each element.
 *
 * @param byOutput whether the backward pass goes by what the forward pass made, not by what it was given
 */
record Eltwise(String name, int algorithm, float alpha, float beta, boolean byOutput) {
    static final Eltwise EXP = new Eltwise("exp", dnnl_eltwise_exp_use_dst_for_bwd, 0, 0, true);
    static final Eltwise SQRT = new Eltwise("sqrt", dnnl_eltwise_sqrt_use_dst_for_bwd, 0, 0, true);

    /** alpha x + beta */
    static Eltwise linear(double alpha, double beta) {
        return new Eltwise("linear", dnnl_eltwise_linear, (float) alpha, (float) beta, false);
    }

    static Eltwise of(Activation function) {
        return switch (function) {
            case GELU -> new Eltwise("gelu", dnnl_eltwise_gelu_erf, 0, 0, false);
            case QUICK_GELU -> new Eltwise("quick_gelu", dnnl_eltwise_swish, 1.702f, 0, false);
            case RELU -> new Eltwise("relu", dnnl_eltwise_relu, 0, 0, false);
            case SILU -> new Eltwise("silu", dnnl_eltwise_swish, 1, 0, false);
            case HARD_SWISH -> new Eltwise("hard_swish", dnnl_eltwise_hardswish, 0, 0, false);
        };
    }
}
