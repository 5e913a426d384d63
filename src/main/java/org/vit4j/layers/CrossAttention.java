package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/**
 * Multi-head cross-attention: queries from one sequence of tokens, keys and values from another, by separate
 * projections {@code wk} and {@code wv}.
 *
 * @param headDim d; heads * headDim need not be the width of the tokens
 */
public record CrossAttention(int heads, int headDim, boolean qkvBias, double attnDrop, double projDrop) {

    /** Queries from x [T, D], keys and values from sources [S, D] -> [T, D] */
    public Tensor build(Graph g, Tensor x, Tensor sources) {
        int width = heads * headDim;
        Tensor q = g.splitHeads("q", g.dense("wq", x, width, qkvBias), heads); // [H, T, d]
        Tensor k = g.splitHeads("k", g.dense("wk", sources, width, qkvBias), heads); // [H, S, d]
        Tensor v = g.splitHeads("v", g.dense("wv", sources, width, qkvBias), heads); // [H, S, d]

        Tensor context = new Qkv(q, k, v).attend(g, 1 / Math.sqrt(headDim), attnDrop); // [T, H * d]
        return g.dropout("proj_drop", g.dense("proj", context, x.dim(1)), projDrop); // [T, D]
    }
}
