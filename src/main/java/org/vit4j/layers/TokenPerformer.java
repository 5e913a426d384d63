package org.vit4j.layers;

import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/**
 * The token module of T2T-ViT on performer attention: brings tokens to another width.
 *
 * @param width of the tokens it makes
 * @param features random directions of the attention
 * @param drop of what attention and MLP give; the authors have 0.1 written into the code, whatever else is left out
 */
public record TokenPerformer(int width, int features, double drop) {
    /** PyTorch's default, also where the network around has another. */
    private static final double NORM_EPS = 1e-5;

    /**
     * [T, D] -> [T, width]
     *
     * @param beside branches [T, width] added to what attention gives, in front of the MLP
     */
    public Tensor build(Graph g, Tensor x, Tensor... beside) {
        Tensor normed = g.layerNorm("norm1", x, NORM_EPS); // [T, D]
        Tensor y = new Performer(width, features, true, drop).build(g, normed); // [T, width]
        if (beside.length > 0) y = g.add("beside", y, beside);

        Tensor h = g.dense("mlp.0", g.layerNorm("norm2", y, NORM_EPS), width); // [T, width]
        Tensor mlp = g.dense("mlp.2", g.activate("mlp.act", h, Activation.GELU), width); // [T, width]
        return g.add("add", y, g.dropout("mlp.drop", mlp, drop));
    }
}
