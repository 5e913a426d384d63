package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/**
 * Cross-attention as in vit-pytorch 0.20.2: one projection {@code wkv} of keys and values, none with a bias, and no
 * dropout of the attention probabilities. {@link CrossAttention} has separate projections.
 *
 * @param headDim d; heads * headDim need not be the width of the tokens
 */
public record FusedKvCrossAttention(int heads, int headDim, double projDrop) {

    /** Queries from x [T, D], keys and values from sources [S, D] -> [T, D] */
    public Tensor build(Graph g, Tensor x, Tensor sources) {
        int width = heads * headDim;
        Tensor q = g.splitHeads("q", g.dense("wq", x, width, false), heads); // [H, T, d]
        Tensor kv = g.dense("wkv", sources, 2 * width, false); // [S, 2 * H * d]
        Tensor k = g.splitHeads("k", kv, heads, 0, 2); // [H, S, d]
        Tensor v = g.splitHeads("v", kv, heads, 1, 2); // [H, S, d]

        Tensor context = new Qkv(q, k, v).attend(g, 1 / Math.sqrt(headDim), 0); // [T, H * d]
        return g.dropout("proj_drop", g.dense("proj", context, x.dim(1)), projDrop); // [T, D]
    }
}
