package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/**
 * Attention of some tokens to others: queries from one side, keys and values from the other.
 *
 * @param headDim d; heads * headDim need not be the width of the tokens
 * @param fusedKv keys and values come from one product, {@code wkv}, as in vit-pytorch; else from {@code wk} and {@code
 *     wv}
 */
public record CrossAttention(
        int heads, int headDim, boolean qkvBias, boolean fusedKv, double attnDrop, double projDrop) {

    /** Queries from x [T, D], keys and values from context [S, D] -> [T, D] */
    public Tensor build(Graph g, Tensor x, Tensor context) {
        int width = heads * headDim;
        Tensor q = g.splitHeads("q", g.dense("wq", x, width, qkvBias), heads); // [H, T, d]
        Tensor both = fusedKv ? g.dense("wkv", context, 2 * width, qkvBias) : null; // [S, 2 * H * d]
        Tensor k = fusedKv
                ? g.splitHeads("k", both, heads, 0, 2)
                : g.splitHeads("k", g.dense("wk", context, width, qkvBias), heads); // [H, S, d]
        Tensor v = fusedKv
                ? g.splitHeads("v", both, heads, 1, 2)
                : g.splitHeads("v", g.dense("wv", context, width, qkvBias), heads); // [H, S, d]

        Tensor weights = g.softmax("weights", g.scores("scores", q, k, 1 / Math.sqrt(headDim))); // [H, T, S]
        Tensor attended = g.weightedSum("heard", g.dropout("attn_drop", weights, attnDrop), v); // [H, T, d]
        Tensor out = g.dense("proj", g.mergeHeads("merged", attended), x.dim(1)); // [T, D]
        return g.dropout("proj_drop", out, projDrop);
    }
}
