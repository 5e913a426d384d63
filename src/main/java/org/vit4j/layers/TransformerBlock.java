package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/**
 * Pre-norm transformer block of ViT: x + attn(LN(x)), then x + mlp(LN(x)).
 *
 * @param dropPath stochastic depth rate of both branches
 */
public record TransformerBlock(Attention attention, Mlp mlp, double normEps, double dropPath) {
    /** [T, D] -> [T, D] */
    public Tensor build(Graph g, Tensor x) {
        Tensor context = attention.build(g.scope("attn"), g.layerNorm("norm1", x, normEps)); // [T, D]
        x = g.add("add1", x, g.dropPath("drop_path1", context, dropPath)); // [T, D]
        Tensor mlpOut = mlp.build(g.scope("mlp"), g.layerNorm("norm2", x, normEps)); // [T, D]
        return g.add("add2", x, g.dropPath("drop_path2", mlpOut, dropPath)); // [T, D]
    }
}
