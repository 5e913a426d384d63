package org.vit4j.layers;

import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.HeadOp;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * LeViT's attention between the cells of a grid (Graham et al. 2021, sections 4.2 to 4.4): positions are a learned
 * bias of the scores by distance, values are wider than keys, an activation stands before the last layer. With a stride
 * only every so many rows and columns ask, and the grid shrinks.
 *
 * @param keyDim width of a head's queries and keys
 * @param valueDim width of a head's values
 * @param dimOut width of the tokens that come out
 */
public record LevitAttention(int heads, int keyDim, int valueDim, int dimOut, int stride, Activation activation) {

    /** [T, D] -> [T', dimOut] as timm: one product, cut by head and then into q, k and v. */
    public Tensor fusedQkv(Graph g, Tensor x, int height, int width, Init lastGamma) {
        int own = stride == 1 ? keyDim : 0; // with a stride, queries have a product of their own
        String name = stride == 1 ? "qkv" : "kv";
        Tensor product = LinearNorm.build(g.scope(name), x, heads * (own + keyDim + valueDim), false, Init.ONES);
        Tensor cut = g.splitHeads("heads", product, heads); // [H, T, own + k + v]
        Tensor q = stride == 1 ? g.slice("query", cut, 2, 0, keyDim) : fewer(g, x, height, width); // [H, T', k]
        Tensor k = g.slice("key", cut, 2, own, own + keyDim); // [H, T, k]
        Tensor v = g.slice("value", cut, 2, own + keyDim, own + keyDim + valueDim); // [H, T, v]

        Tensor context = attend(g, q, k, v, height, width, 1, Init.ZEROS); // [T', H * v]
        return LinearNorm.build(g.scope("proj.ln"), context, dimOut, false, lastGamma); // [T', dimOut]
    }

    private Tensor fewer(Graph g, Tensor x, int height, int width) {
        Tensor q = LinearNorm.build(g.scope("q.ln"), strided(g, x, height, width), heads * keyDim, false, Init.ONES);
        return g.splitHeads("query", q, heads); // [H, T', k]
    }

    /**
     * [T, D] -> [T', dimOut] as vit-pytorch: q, k and v apart, and the bias divided by the scale after the scores were
     * multiplied by it.
     */
    public Tensor separateQkv(Graph g, Tensor x, int height, int width) {
        Tensor asking = stride == 1 ? x : strided(g, x, height, width); // [T', D]
        Tensor q =
                g.splitHeads("query", LinearNorm.build(g.scope("q"), asking, heads * keyDim, false, Init.ONES), heads);
        Tensor k = g.splitHeads("key", LinearNorm.build(g.scope("k"), x, heads * keyDim, false, Init.ONES), heads);
        Tensor v = g.splitHeads("value", LinearNorm.build(g.scope("v"), x, heads * valueDim, false, Init.ONES), heads);

        Tensor context = attend(g, q, k, v, height, width, Math.sqrt(keyDim), new Init.NormalInit(1)); // [T', H * v]
        return LinearNorm.build(g.scope("proj.ln"), context, dimOut, true, Init.ZEROS); // [T', dimOut]
    }

    /** Every so many rows and columns: a window of one cell, moved by the stride. */
    private Tensor strided(Graph g, Tensor x, int height, int width) {
        Tensor grid = g.reshape("q.grid", x, height, width, x.dim(1)); // [h, w, D]
        Tensor some = g.maxPool("q.down", grid, Window.square(1, stride, 0)); // [h', w', D]
        return g.reshape("q.flat", some, some.dim(0) * some.dim(1), x.dim(1)); // [T', D]
    }

    private Tensor attend(Graph g, Tensor q, Tensor k, Tensor v, int height, int width, double factor, Init table) {
        Tensor scores = g.scores("scores", q, k, 1 / Math.sqrt(keyDim)); // [H, T', T]
        var bias = new HeadOp.RelativeBias(height, width, stride, factor, table);
        Tensor biased = g.relativeBias("attention_biases", scores, bias);
        Tensor context = g.weightedSum("heard", g.softmax("weights", biased), v); // [H, T', v]
        return g.activate("proj.act", g.mergeHeads("merged", context), activation); // [T', H * v]
    }
}
