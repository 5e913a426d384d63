package org.vit4j.layers;

import java.util.Optional;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * CvT's attention (Wu et al. 2021, section 3.2): a convolution over the token grid before the projections of queries,
 * keys and values. A strided convolution reduces the number of keys and values.
 *
 * @param dim D', width of queries, keys, values and output
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

    /** [T, D] -> [T, D']. A class token comes first and bypasses the convolutions. */
    public Tensor build(Graph g, Tensor x, int height, int width, boolean classToken) {
        Tensor patches = classToken ? g.slice("patches", x, 0, 1, x.dim(0)) : x; // [H * W, D]
        Optional<Tensor> cls = classToken ? Optional.of(g.slice("cls", x, 0, 0, 1)) : Optional.empty(); // [1, D]
        Tensor grid = g.reshape("grid", patches, height, width, x.dim(1)); // [H, W, D]
        return switch (method) {
            case DW_BN ->
                project(
                        g,
                        tokens(g, "q", cls, convBn(g.scope("conv_proj_q"), grid, queries)), // [T, D]
                        tokens(g, "k", cls, convBn(g.scope("conv_proj_k"), grid, keys)), // [S, D]
                        tokens(g, "v", cls, convBn(g.scope("conv_proj_v"), grid, keys))); // [S, D]
            case AVG -> {
                // Average pooling has no parameters, so keys and values share it.
                Tensor kv = tokens(g, "kv", cls, g.avgPool("conv_proj_kv", grid, keys, true)); // [S, D]
                yield project(g, x, kv, kv);
            }
            case LINEAR -> project(g, x, x, x);
        };
    }

    /** Queries from q [T, D], keys from k [S, D], values from v [S, D] -> [T, D'] */
    private Tensor project(Graph g, Tensor q, Tensor k, Tensor v) {
        Qkv qkv = new Qkv(
                g.splitHeads("query", g.dense("proj_q", q, dim, qkvBias), heads), // [H, T, d]
                g.splitHeads("key", g.dense("proj_k", k, dim, qkvBias), heads), // [H, S, d]
                g.splitHeads("value", g.dense("proj_v", v, dim, qkvBias), heads)); // [H, S, d]
        Tensor context = qkv.attend(g, scale, attnDrop); // [T, D']
        return g.dropout("proj_drop", g.dense("proj", context, dim), projDrop); // [T, D']
    }

    /** Depthwise convolution and batch normalization: [H, W, D] -> [H', W', D]. */
    static Tensor convBn(Graph g, Tensor grid, Window window) {
        Tensor y = g.conv2d("conv", grid, grid.dim(2), window, grid.dim(2), false); // [H', W', D]
        return g.batchNorm("bn", y, EPSILON); // [H', W', D]
    }

    /** [H', W', D] -> [H' * W', D], or [1 + H' * W', D] with the class token first. */
    static Tensor tokens(Graph g, String name, Optional<Tensor> cls, Tensor grid) {
        Tensor flat = g.reshape(name + "_flat", grid, grid.dim(0) * grid.dim(1), grid.dim(2)); // [H' * W', D]
        return cls.map(token -> g.concat(name + "_tokens", 0, token, flat)).orElse(flat);
    }
}
