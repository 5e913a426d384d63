package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * CvT's attention (Wu et al. 2021, section 3.2): queries, keys and values see their neighbors on the grid before they
 * are projected, and keys and values may be fewer.
 *
 * @param dim width of what is compared and of what comes out (Microsoft), or of all heads together (vit-pytorch)
 */
public record ConvAttention(
        int heads,
        int dim,
        double scale,
        boolean qkvBias,
        ProjectionMethod method,
        Window queries,
        Window keys,
        double attnDrop,
        double projDrop) {
    private static final double EPSILON = 1e-5;

    /** How a token sees its neighbors. */
    public enum ProjectionMethod {
        /** A depthwise convolution and batch normalization, for each of q, k and v. */
        DW_BN,
        /** The mean of a window for keys and values; queries stay. */
        AVG,
        /**
         * Not at all. Microsoft's code breaks off here, as it sets neither q, k nor v without a convolution; what it
         * means to do is plain.
         */
        LINEAR
    }

    /** [T, D] -> [T', dim] as Microsoft: the first token, when it is the class token, is no cell of the grid. */
    public Tensor build(Graph g, Tensor x, int height, int width, boolean classToken) {
        Tensor cells = classToken ? g.slice("cells", x, 0, 1, x.dim(0)) : x; // [H * W, D]
        Tensor cls = classToken ? g.slice("cls", x, 0, 0, 1) : null; // [1, D]
        Tensor grid = g.reshape("grid", cells, height, width, x.dim(1)); // [H, W, D]

        Tensor q = method == ProjectionMethod.DW_BN
                ? joined(g, "q", cls, convolved(g.scope("conv_proj_q"), grid, queries))
                : x;
        Tensor k = x;
        Tensor v = x;
        if (method == ProjectionMethod.DW_BN) {
            k = joined(g, "k", cls, convolved(g.scope("conv_proj_k"), grid, keys)); // [S, D]
            v = joined(g, "v", cls, convolved(g.scope("conv_proj_v"), grid, keys)); // [S, D]
        } else if (method == ProjectionMethod.AVG) {
            // Without weights the two means are one.
            k = joined(g, "kv", cls, g.avgPool("conv_proj_kv", grid, keys, true)); // [S, D]
            v = k;
        }
        q = g.splitHeads("query", g.dense("proj_q", q, dim, qkvBias), heads); // [H, T', d]
        k = g.splitHeads("key", g.dense("proj_k", k, dim, qkvBias), heads); // [H, S, d]
        v = g.splitHeads("value", g.dense("proj_v", v, dim, qkvBias), heads); // [H, S, d]
        return attend(g, q, k, v, dim); // [T', dim]
    }

    /** [T, D] -> [T, D] as vit-pytorch: one convolution for keys and values, heads wider than the tokens. */
    public Tensor timesFusedKv(Graph g, Tensor x, int height, int width) {
        Tensor grid = g.reshape("grid", x, height, width, x.dim(1)); // [H, W, D]
        Tensor q = joined(g, "q", null, convolved(g.scope("conv_proj_q"), grid, queries)); // [T, D]
        Tensor kv = joined(g, "kv", null, convolved(g.scope("conv_proj_kv"), grid, keys)); // [S, D]
        q = g.splitHeads("query", g.dense("proj_q", q, dim, qkvBias), heads); // [H, T, d]
        Tensor both = g.dense("proj_kv", kv, 2 * dim, qkvBias); // [S, 2 * H * d]
        Tensor k = g.splitHeads("key", both, heads, 0, 2); // [H, S, d]
        Tensor v = g.splitHeads("value", both, heads, 1, 2); // [H, S, d]
        return attend(g, q, k, v, x.dim(1)); // [T, D]
    }

    private static Tensor convolved(Graph g, Tensor grid, Window window) {
        Tensor y = g.conv2d("conv", grid, grid.dim(2), window, grid.dim(2), false); // [H', W', D]
        return g.batchNorm("bn", y, EPSILON);
    }

    /** [H', W', D] -> [1 + H' * W', D] behind the class token, when there is one. */
    private static Tensor joined(Graph g, String name, Tensor cls, Tensor grid) {
        Tensor flat = g.reshape(name + "_flat", grid, grid.dim(0) * grid.dim(1), grid.dim(2));
        return cls == null ? flat : g.concat(name + "_tokens", 0, cls, flat);
    }

    private Tensor attend(Graph g, Tensor q, Tensor k, Tensor v, int out) {
        Tensor weights = g.softmax("weights", g.scores("scores", q, k, scale)); // [H, T, S], rows sum to 1
        Tensor context = g.weightedSum("heard", g.dropout("attn_drop", weights, attnDrop), v); // [H, T, d]
        return g.dropout("proj_drop", g.dense("proj", g.mergeHeads("merged", context), out), projDrop); // [T, out]
    }
}
