package org.vit4j.layers;

import org.vit4j.config.Checks;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * CeiT's locally-enhanced feed-forward network, LeFF (arXiv:2103.11816, equations 5 to 9): dense layer, depthwise
 * convolution over the patch grid, dense layer. As in the authors' code, there is no activation after the third layer,
 * which equation 9 has; see {@link ActivatedLeFF}.
 *
 * @param norm true for batch normalization after each of the three layers
 */
public record LeFF(int hidden, int kernel, boolean norm) {
    private static final double EPSILON = 1e-5;

    public LeFF {
        Checks.check(kernel % 2 == 1, "leff_kernel", kernel, "must be odd");
    }

    /** Patches [T, D] of a grid, without the class token -> [T, D] */
    public Tensor build(Graph g, Tensor x, int height, int width) {
        // In the authors' code both dense layers are 1x1 convolutions and are initialized as such.
        Graph conv = g.withInit(Init.PYTORCH);
        Tensor expanded = normAct(g, "1", conv.dense("conv1", x, hidden)); // [T, hidden]
        Tensor grid = g.reshape("grid", expanded, height, width, hidden); // [H, W, hidden]
        Window window = Window.square(kernel, 1, (kernel - 1) / 2);
        Tensor mixed = normAct(g, "2", g.conv2d("conv2", grid, hidden, window, hidden, true)); // [H, W, hidden]
        Tensor flat = g.reshape("flat", mixed, height * width, hidden); // [T, hidden]
        return norm(g, "3", conv.dense("conv3", flat, x.dim(1))); // [T, D]
    }

    private Tensor normAct(Graph g, String number, Tensor x) {
        return g.activate("act" + number, norm(g, number, x), Activation.GELU);
    }

    private Tensor norm(Graph g, String number, Tensor x) {
        return norm ? g.batchNorm("bn" + number, x, EPSILON) : x;
    }
}
