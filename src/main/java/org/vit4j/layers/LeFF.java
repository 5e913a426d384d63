package org.vit4j.layers;

import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * LeFF, the feed-forward part that looks at neighbors (arXiv:2103.11816, equations 5 to 9): widen, depthwise
 * convolution over the grid of patches, narrow.
 *
 * @param norm batch normalization behind each of the three
 * @param convBias of the depthwise convolution
 * @param lastActivation GELU behind the third as well: the paper's equation 9 and the community have it, the authors'
 *     code has not
 */
public record LeFF(int hidden, int kernel, boolean norm, boolean convBias, boolean lastActivation) {
    /** Patches [T, D] of a grid, without class token -> [T, D] */
    public Tensor build(Graph g, Tensor x, int height, int width) {
        // In the authors' code the two dense layers are 1x1 convolutions, and start as convolutions do.
        Graph conv = g.withInit(Init.PYTORCH);
        Tensor wide = activated(g, "1", conv.dense("conv1", x, hidden)); // [T, hidden]
        Tensor grid = g.reshape("grid", wide, height, width, hidden); // [H, W, hidden]
        Window window = Window.square(kernel, 1, (kernel - 1) / 2);
        Tensor near = activated(g, "2", g.conv2d("conv2", grid, hidden, window, hidden, convBias)); // [H, W, hidden]
        Tensor flat = g.reshape("flat", near, height * width, hidden); // [T, hidden]
        Tensor narrow = conv.dense("conv3", flat, x.dim(1)); // [T, D]
        return lastActivation ? activated(g, "3", narrow) : normed(g, "3", narrow);
    }

    private Tensor activated(Graph g, String number, Tensor x) {
        return g.activate("act" + number, normed(g, number, x), Activation.GELU);
    }

    private Tensor normed(Graph g, String number, Tensor x) {
        return norm ? g.batchNorm("bn" + number, x, 1e-5) : x;
    }
}
