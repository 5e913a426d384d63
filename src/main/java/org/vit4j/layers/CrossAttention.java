package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/**
 * Multi-head cross-attention: queries from one sequence of tokens, keys and values from another.
 *
 * @param headDim d; heads * headDim need not be the width of the tokens
 * @param fusedKv true for one projection {@code wkv} of keys and values, as in vit-pytorch; false for {@code wk} and
 *     {@code wv}
 */
public record CrossAttention(
        int heads, int headDim, boolean qkvBias, boolean fusedKv, double attnDrop, double projDrop) {

    /** Queries from x [T, D], keys and values from sources [S, D] -> [T, D] */
    public Tensor build(Graph g, Tensor x, Tensor sources) {
        int width = heads * headDim;
        Tensor q = g.splitHeads("q", g.dense("wq", x, width, qkvBias), heads); // [H, T, d]
        Tensor kv = fusedKv ? g.dense("wkv", sources, 2 * width, qkvBias) : null; // [S, 2 * H * d]
        Tensor k = fusedKv
                ? g.splitHeads("k", kv, heads, 0, 2)
                : g.splitHeads("k", g.dense("wk", sources, width, qkvBias), heads); // [H, S, d]
        Tensor v = fusedKv
                ? g.splitHeads("v", kv, heads, 1, 2)
                : g.splitHeads("v", g.dense("wv", sources, width, qkvBias), heads); // [H, S, d]

        Tensor context = new Qkv(q, k, v).attend(g, 1 / Math.sqrt(headDim), attnDrop); // [T, H * d]
        return g.dropout("proj_drop", g.dense("proj", context, x.dim(1)), projDrop); // [T, D]
    }
}
