package org.vit4j.layers;

import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * CeiT's locally-enhanced feed-forward network, LeFF (arXiv:2103.11816, equations 5 to 9): dense layer, depthwise
 * convolution over the patch grid, dense layer.
 *
 * @param norm true for batch normalization after each of the three layers
 * @param convBias true if the depthwise convolution has a bias
 * @param lastActivation true for GELU also after the third layer, as in the paper's equation 9 and the community code;
 *     the authors' code has none
 */
public record LeFF(int hidden, int kernel, boolean norm, boolean convBias, boolean lastActivation) {
    /** Patches [T, D] of a grid, without the class token -> [T, D] */
    public Tensor build(Graph g, Tensor x, int height, int width) {
        // In the authors' code both dense layers are 1x1 convolutions and are initialized as such.
        Graph conv = g.withInit(Init.PYTORCH);
        Tensor expanded = normAct(g, "1", conv.dense("conv1", x, hidden)); // [T, hidden]
        Tensor grid = g.reshape("grid", expanded, height, width, hidden); // [H, W, hidden]
        Window window = Window.square(kernel, 1, (kernel - 1) / 2);
        Tensor mixed = normAct(g, "2", g.conv2d("conv2", grid, hidden, window, hidden, convBias)); // [H, W, hidden]
        Tensor flat = g.reshape("flat", mixed, height * width, hidden); // [T, hidden]
        Tensor out = conv.dense("conv3", flat, x.dim(1)); // [T, D]
        return lastActivation ? normAct(g, "3", out) : norm(g, "3", out);
    }

    private Tensor normAct(Graph g, String number, Tensor x) {
        return g.activate("act" + number, norm(g, number, x), Activation.GELU);
    }

    private Tensor norm(Graph g, String number, Tensor x) {
        return norm ? g.batchNorm("bn" + number, x, 1e-5) : x;
    }
}
