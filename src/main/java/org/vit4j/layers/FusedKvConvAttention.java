package org.vit4j.layers;

import java.util.Optional;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * CvT's attention as in vit-pytorch 0.20.2: keys and values share one convolution and one projection, and heads may be
 * wider than the tokens. {@link ConvAttention} is Microsoft's.
 *
 * @param headDim d, width of a head
 * @param queries window of the convolution of the queries
 * @param keys window of the convolution of keys and values
 */
public record FusedKvConvAttention(
        int heads, int headDim, Window queries, Window keys, double attnDrop, double projDrop) {

    /** [T, D] -> [T, D] */
    public Tensor build(Graph g, Tensor x, int height, int width) {
        int inner = heads * headDim;
        Tensor grid = g.reshape("grid", x, height, width, x.dim(1)); // [H, W, D]
        Tensor q = convolved(g, "q", grid, queries); // [T, D]
        Tensor kv = convolved(g, "kv", grid, keys); // [S, D]

        Tensor query = g.splitHeads("query", g.dense("proj_q", q, inner, false), heads); // [H, T, d]
        Tensor fused = g.dense("proj_kv", kv, 2 * inner, false); // [S, 2 * H * d]
        Tensor key = g.splitHeads("key", fused, heads, 0, 2); // [H, S, d]
        Tensor value = g.splitHeads("value", fused, heads, 1, 2); // [H, S, d]

        Tensor context = new Qkv(query, key, value).attend(g, 1 / Math.sqrt(headDim), attnDrop); // [T, H * d]
        return g.dropout("proj_drop", g.dense("proj", context, x.dim(1)), projDrop); // [T, D]
    }

    private static Tensor convolved(Graph g, String name, Tensor grid, Window window) {
        Tensor y = ConvAttention.convBn(g.scope("conv_proj_" + name), grid, window); // [H', W', D]
        return ConvAttention.tokens(g, name, Optional.empty(), y); // [H' * W', D]
    }
}
