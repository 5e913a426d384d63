package org.vit4j.layers;

import org.vit4j.config.Checks;
import org.vit4j.graph.Activation;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * LeViT's attention over a token grid (Graham et al. 2021, sections 4.2 to 4.4): a learned bias of the scores by
 * distance, values wider than keys, an activation before the output projection. With a stride, queries are the tokens
 * of every stride-th row and column, and the grid shrinks.
 *
 * @param keyDim k, width of a head's queries and keys
 * @param valueDim v, width of a head's values
 * @param dimOut width of the output tokens
 * @param activation activation before the output projection
 */
public record LevitAttention(int heads, int keyDim, int valueDim, int dimOut, int stride, Activation activation) {

    /** [T, D] -> [T', dimOut]: one projection, split by head and then into q, k and v. */
    public Tensor build(Graph g, Tensor x, int height, int width) {
        boolean shrinks = stride > 1; // queries then have a projection of their own
        int queryDim = shrinks ? 0 : keyDim;
        int units = heads * (queryDim + keyDim + valueDim);
        Tensor fused = LinearNorm.build(g.scope(shrinks ? "kv" : "qkv"), x, units, false, Init.ONES); // [T, units]
        Tensor split = g.splitHeads("heads", fused, heads); // [H, T, q + k + v]
        Tensor q = shrinks ? stridedQuery(g, x, height, width) : g.slice("query", split, 2, 0, keyDim); // [H, T', k]
        Tensor k = g.slice("key", split, 2, queryDim, queryDim + keyDim); // [H, T, k]
        Tensor v = g.slice("value", split, 2, queryDim + keyDim, queryDim + keyDim + valueDim); // [H, T, v]

        var bias = new AttentionOp.RelativeBias(height, width, stride, 1, Init.ZEROS);
        Tensor context = attend(g, new Qkv(q, k, v), bias); // [T', H * v]
        // A residual branch starts as identity; downsampling has no residual connection.
        Init gamma = shrinks ? Init.ONES : Init.ZEROS;
        return LinearNorm.build(
                g.scope("proj.ln"), g.activate("proj.act", context, activation), dimOut, false, gamma); // [T', dimOut]
    }

    /** Attention with a bias of the scores: [T', H * v]. */
    static Tensor attend(Graph g, Qkv qkv, AttentionOp.RelativeBias bias) {
        double scale = 1 / Math.sqrt(qkv.q().dim(2));
        return qkv.attend(g, scale, scores -> g.relativeBias("attention_biases", scores, bias), probs -> probs);
    }

    private Tensor stridedQuery(Graph g, Tensor x, int height, int width) {
        Tensor selected = strided(g, x, height, width, stride); // [T', D]
        Tensor q = LinearNorm.build(g.scope("q.ln"), selected, heads * keyDim, false, Init.ONES); // [T', H * k]
        return g.splitHeads("query", q, heads); // [H, T', k]
    }

    /** Selects every stride-th row and column by max pooling with a 1x1 window: [T, D] -> [T', D]. */
    static Tensor strided(Graph g, Tensor x, int height, int width, int stride) {
        Tensor grid = g.reshape("q.grid", x, height, width, x.dim(1)); // [h, w, D]
        Tensor selected = g.maxPool("q.down", grid, Window.square(1, stride, 0)); // [h', w', D]
        return g.reshape("q.flat", selected, selected.dim(0) * selected.dim(1), x.dim(1)); // [T', D]
    }

    public LevitAttention {
        Checks.positive("dim", dimOut);
        Checks.positive("heads", heads);
        Checks.positive("width of the values", valueDim);
        Checks.positive("key_dim", keyDim);
    }
}
