package org.vit4j.layers;

import org.vit4j.config.Checks;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * CeiT's locally-enhanced feed-forward network as in equations 5 to 9 of arXiv:2103.11816 and in
 * rishikksh20/CeiT-pytorch: batch normalization and GELU after each of the three layers, and no bias of the depthwise
 * convolution. {@link LeFF} is the authors'.
 */
public record ActivatedLeFF(int hidden, int kernel) {
    private static final double EPSILON = 1e-5;

    public ActivatedLeFF {
        Checks.check(kernel % 2 == 1, "leff_kernel", kernel, "must be odd");
    }

    /** Patches [T, D] of a grid, without the class token -> [T, D] */
    public Tensor build(Graph g, Tensor x, int height, int width) {
        Tensor expanded = normAct(g, "1", g.dense("conv1", x, hidden)); // [T, hidden]
        Tensor grid = g.reshape("grid", expanded, height, width, hidden); // [H, W, hidden]
        Window window = Window.square(kernel, 1, (kernel - 1) / 2);
        Tensor mixed = normAct(g, "2", g.conv2d("conv2", grid, hidden, window, hidden, false)); // [H, W, hidden]
        Tensor flat = g.reshape("flat", mixed, height * width, hidden); // [T, hidden]
        return normAct(g, "3", g.dense("conv3", flat, x.dim(1))); // [T, D]
    }

    private static Tensor normAct(Graph g, String number, Tensor x) {
        return g.activate("act" + number, g.batchNorm("bn" + number, x, EPSILON), Activation.GELU);
    }
}
