package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.*;

import org.vit4j.graph.Activation;

/**
 * An elementwise function as oneDNN's eltwise primitive computes it.
 *
 * @param backwardUsesOutput whether the backward pass needs the output of the forward pass instead of its input
 */
record EltwiseFunction(String name, int algorithm, float alpha, float beta, boolean backwardUsesOutput) {
    static final EltwiseFunction EXP = new EltwiseFunction("exp", dnnl_eltwise_exp_use_dst_for_bwd, 0, 0, true);
    static final EltwiseFunction SQRT = new EltwiseFunction("sqrt", dnnl_eltwise_sqrt_use_dst_for_bwd, 0, 0, true);

    /** f(x) = alpha x + beta. */
    static EltwiseFunction linear(double alpha, double beta) {
        return new EltwiseFunction("linear", dnnl_eltwise_linear, (float) alpha, (float) beta, false);
    }

    static EltwiseFunction of(Activation function) {
        return switch (function) {
            case GELU -> new EltwiseFunction("gelu", dnnl_eltwise_gelu_erf, 0, 0, false);
            case QUICK_GELU -> new EltwiseFunction("quick_gelu", dnnl_eltwise_swish, 1.702f, 0, false);
            case RELU -> new EltwiseFunction("relu", dnnl_eltwise_relu, 0, 0, false);
            case SILU -> new EltwiseFunction("silu", dnnl_eltwise_swish, 1, 0, false);
            case HARD_SWISH -> new EltwiseFunction("hard_swish", dnnl_eltwise_hardswish, 1 / 6f, 0.5f, false);
        };
    }
}
