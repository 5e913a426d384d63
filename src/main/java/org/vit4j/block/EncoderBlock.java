package org.vit4j.block;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/** The pre-norm transformer block: x + attn(LN(x)), then x + mlp(LN(x)). */
public record EncoderBlock(Attention attention, Mlp mlp, double normEps, double dropPath) {
    /** [T, D] -> [T, D] */
    public Tensor build(Graph g, Tensor x) {
        Tensor heard = attention.build(g.at("attn"), g.layerNorm("norm1", x, normEps)); // [T, D]
        x = g.add("add1", x, g.dropPath("drop_path1", heard, dropPath)); // [T, D]
        Tensor thought = mlp.build(g.at("mlp"), g.layerNorm("norm2", x, normEps)); // [T, D]
        return g.add("add2", x, g.dropPath("drop_path2", thought, dropPath)); // [T, D]
    }
}
