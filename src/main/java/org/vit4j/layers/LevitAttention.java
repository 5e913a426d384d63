package org.vit4j.layers;

import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.HeadOp;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * LeViT's attention over a token grid (Graham et al. 2021, sections 4.2 to 4.4): a learned bias of the scores by
 * distance, values wider than keys, an activation before the output projection. With a stride, queries are the tokens
 * of every stride-th row and column, and the grid shrinks.
 *
 * @param keyDim width of a head's queries and keys
 * @param valueDim width of a head's values
 * @param dimOut width of the output tokens
 */
public record LevitAttention(int heads, int keyDim, int valueDim, int dimOut, int stride, Activation activation) {

    /** [T, D] -> [T', dimOut] as in timm: one projection, split by head and then into q, k and v. */
    public Tensor fusedQkv(Graph g, Tensor x, int height, int width, Init lastGamma) {
        int queryDim = stride == 1 ? keyDim : 0; // with a stride, queries have a separate projection
        String name = stride == 1 ? "qkv" : "kv";
        Tensor fused = LinearNorm.build(g.scope(name), x, heads * (queryDim + keyDim + valueDim), false, Init.ONES);
        Tensor split = g.splitHeads("heads", fused, heads); // [H, T, q + k + v]
        Tensor q =
                stride == 1 ? g.slice("query", split, 2, 0, keyDim) : stridedQuery(g, x, height, width); // [H, T', k]
        Tensor k = g.slice("key", split, 2, queryDim, queryDim + keyDim); // [H, T, k]
        Tensor v = g.slice("value", split, 2, queryDim + keyDim, queryDim + keyDim + valueDim); // [H, T, v]

        Tensor context = attend(g, new Qkv(q, k, v), height, width, 1, Init.ZEROS); // [T', H * v]
        return LinearNorm.build(g.scope("proj.ln"), context, dimOut, false, lastGamma); // [T', dimOut]
    }

    private Tensor stridedQuery(Graph g, Tensor x, int height, int width) {
        Tensor q = LinearNorm.build(g.scope("q.ln"), strided(g, x, height, width), heads * keyDim, false, Init.ONES);
        return g.splitHeads("query", q, heads); // [H, T', k]
    }

    /**
     * [T, D] -> [T', dimOut] as in vit-pytorch: separate projections of q, k and v; the scores are multiplied by the
     * scale, the bias is divided by it.
     */
    public Tensor separateQkv(Graph g, Tensor x, int height, int width) {
        Tensor queries = stride == 1 ? x : strided(g, x, height, width); // [T', D]
        Tensor q =
                g.splitHeads("query", LinearNorm.build(g.scope("q"), queries, heads * keyDim, false, Init.ONES), heads);
        Tensor k = g.splitHeads("key", LinearNorm.build(g.scope("k"), x, heads * keyDim, false, Init.ONES), heads);
        Tensor v = g.splitHeads("value", LinearNorm.build(g.scope("v"), x, heads * valueDim, false, Init.ONES), heads);

        Tensor context =
                attend(g, new Qkv(q, k, v), height, width, Math.sqrt(keyDim), new Init.NormalInit(1)); // [T', H * v]
        return LinearNorm.build(g.scope("proj.ln"), context, dimOut, true, Init.ZEROS); // [T', dimOut]
    }

    /** Selects every stride-th row and column by max pooling with a 1x1 window. */
    private Tensor strided(Graph g, Tensor x, int height, int width) {
        Tensor grid = g.reshape("q.grid", x, height, width, x.dim(1)); // [h, w, D]
        Tensor selected = g.maxPool("q.down", grid, Window.square(1, stride, 0)); // [h', w', D]
        return g.reshape("q.flat", selected, selected.dim(0) * selected.dim(1), x.dim(1)); // [T', D]
    }

    private Tensor attend(Graph g, Qkv qkv, int height, int width, double factor, Init table) {
        var bias = new HeadOp.RelativeBias(height, width, stride, factor, table);
        Tensor context = qkv.attend(
                g,
                1 / Math.sqrt(keyDim),
                scores -> g.relativeBias("attention_biases", scores, bias), // [H, T', T]
                probs -> probs); // [T', H * v]
        return g.activate("proj.act", context, activation); // [T', H * v]
    }
}
