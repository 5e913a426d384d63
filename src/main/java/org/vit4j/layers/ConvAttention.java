package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * CvT's attention (Wu et al. 2021, section 3.2): a convolution over the token grid before the projections of queries,
 * keys and values. A strided convolution reduces the number of keys and values.
 *
 * @param dim width of queries, keys, values and output (Microsoft), or total width of the heads (vit-pytorch)
 * @param queries window of the convolution of the queries
 * @param keys window of the convolution of keys and values
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

    /** Operation over the token grid before the projections. */
    public enum ProjectionMethod {
        /** Depthwise convolution and batch normalization, separate for q, k and v. */
        DW_BN,
        /** Average pooling of keys and values; none for queries. */
        AVG,
        /**
         * None. Microsoft's code raises an error here, because it assigns q, k and v only if there is a convolution;
         * the intended computation is clear.
         */
        LINEAR
    }

    /** [T, D] -> [T', dim] as in Microsoft's code. A class token comes first and bypasses the convolutions. */
    public Tensor build(Graph g, Tensor x, int height, int width, boolean classToken) {
        Tensor patches = classToken ? g.slice("patches", x, 0, 1, x.dim(0)) : x; // [H * W, D]
        Tensor cls = classToken ? g.slice("cls", x, 0, 0, 1) : null; // [1, D]
        Tensor grid = g.reshape("grid", patches, height, width, x.dim(1)); // [H, W, D]

        Tensor q = method == ProjectionMethod.DW_BN
                ? withClassToken(g, "q", cls, convBn(g.scope("conv_proj_q"), grid, queries))
                : x;
        Tensor k = x;
        Tensor v = x;
        if (method == ProjectionMethod.DW_BN) {
            k = withClassToken(g, "k", cls, convBn(g.scope("conv_proj_k"), grid, keys)); // [S, D]
            v = withClassToken(g, "v", cls, convBn(g.scope("conv_proj_v"), grid, keys)); // [S, D]
        } else if (method == ProjectionMethod.AVG) {
            // Average pooling has no parameters, so keys and values share it.
            k = withClassToken(g, "kv", cls, g.avgPool("conv_proj_kv", grid, keys, true)); // [S, D]
            v = k;
        }
        q = g.splitHeads("query", g.dense("proj_q", q, dim, qkvBias), heads); // [H, T', d]
        k = g.splitHeads("key", g.dense("proj_k", k, dim, qkvBias), heads); // [H, S, d]
        v = g.splitHeads("value", g.dense("proj_v", v, dim, qkvBias), heads); // [H, S, d]
        return project(g, new Qkv(q, k, v), dim); // [T', dim]
    }

    /**
     * [T, D] -> [T, D] as in vit-pytorch: one convolution for keys and values; the heads may be wider than the tokens.
     */
    public Tensor buildFusedKv(Graph g, Tensor x, int height, int width) {
        Tensor grid = g.reshape("grid", x, height, width, x.dim(1)); // [H, W, D]
        Tensor q = withClassToken(g, "q", null, convBn(g.scope("conv_proj_q"), grid, queries)); // [T, D]
        Tensor kv = withClassToken(g, "kv", null, convBn(g.scope("conv_proj_kv"), grid, keys)); // [S, D]
        q = g.splitHeads("query", g.dense("proj_q", q, dim, qkvBias), heads); // [H, T, d]
        Tensor fused = g.dense("proj_kv", kv, 2 * dim, qkvBias); // [S, 2 * H * d]
        Tensor k = g.splitHeads("key", fused, heads, 0, 2); // [H, S, d]
        Tensor v = g.splitHeads("value", fused, heads, 1, 2); // [H, S, d]
        return project(g, new Qkv(q, k, v), x.dim(1)); // [T, D]
    }

    private static Tensor convBn(Graph g, Tensor grid, Window window) {
        Tensor y = g.conv2d("conv", grid, grid.dim(2), window, grid.dim(2), false); // [H', W', D]
        return g.batchNorm("bn", y, EPSILON);
    }

    /** [H', W', D] -> [H' * W', D], or [1 + H' * W', D] with the class token first. */
    private static Tensor withClassToken(Graph g, String name, Tensor cls, Tensor grid) {
        Tensor flat = g.reshape(name + "_flat", grid, grid.dim(0) * grid.dim(1), grid.dim(2));
        return cls == null ? flat : g.concat(name + "_tokens", 0, cls, flat);
    }

    private Tensor project(Graph g, Qkv qkv, int out) {
        return g.dropout("proj_drop", g.dense("proj", qkv.attend(g, scale, attnDrop), out), projDrop); // [T, out]
    }
}
