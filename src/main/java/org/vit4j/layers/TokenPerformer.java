package org.vit4j.layers;

import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/**
 * T2T-ViT's token module with performer attention, which changes the width of the tokens.
 *
 * @param width width of the output tokens
 * @param features number of random features of the attention
 * @param drop dropout rate after attention and MLP; the authors' code has the constant 0.1, independent of other rates
 */
public record TokenPerformer(int width, int features, double drop) {
    /** PyTorch's default, independent of the epsilon of the network. */
    private static final double NORM_EPS = 1e-5;

    /**
     * [T, D] -> [T, width]
     *
     * @param branches tensors [T, width] added to the output of the attention, before the MLP
     */
    public Tensor build(Graph g, Tensor x, Tensor... branches) {
        Tensor normed = g.layerNorm("norm1", x, NORM_EPS); // [T, D]
        Tensor y = new Performer(width, features, true, drop).build(g, normed); // [T, width]
        if (branches.length > 0) y = g.add("add_branches", y, branches);

        Tensor h = g.dense("mlp.0", g.layerNorm("norm2", y, NORM_EPS), width); // [T, width]
        Tensor mlp = g.dense("mlp.2", g.activate("mlp.act", h, Activation.GELU), width); // [T, width]
        return g.add("add", y, g.dropout("mlp.drop", mlp, drop));
    }
}
