package org.vit4j.layers;

import org.vit4j.config.Checks;
import org.vit4j.graph.Activation;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;

/**
 * LeViT's attention as in vit-pytorch 0.20.2: separate projections of q, k and v, and an output projection with a bias.
 * The bias of the scores is divided by the scale of the scores. {@link LevitAttention} is the authors'.
 *
 * @param keyDim k, width of a head's queries and keys
 * @param valueDim v, width of a head's values
 * @param dimOut width of the output tokens
 * @param activation activation before the output projection
 */
public record SeparateLevitAttention(
        int heads, int keyDim, int valueDim, int dimOut, int stride, Activation activation) {

    /** [T, D] -> [T', dimOut] */
    public Tensor build(Graph g, Tensor x, int height, int width) {
        Tensor queries = stride == 1 ? x : LevitAttention.strided(g, x, height, width, stride); // [T', D]
        Tensor q = project(g, "q", "query", queries, keyDim); // [H, T', k]
        Tensor k = project(g, "k", "key", x, keyDim); // [H, T, k]
        Tensor v = project(g, "v", "value", x, valueDim); // [H, T, v]

        var bias = new AttentionOp.RelativeBias(height, width, stride, Math.sqrt(keyDim), new Init.NormalInit(1));
        Tensor context = LevitAttention.attend(g, new Qkv(q, k, v), bias); // [T', H * v]
        return LinearNorm.build(
                g.scope("proj.ln"), g.activate("proj.act", context, activation), dimOut, true, Init.ZEROS);
    }

    /** [T, D] -> [H, T, width] */
    private Tensor project(Graph g, String module, String name, Tensor x, int width) {
        Tensor all = LinearNorm.build(g.scope(module), x, heads * width, false, Init.ONES); // [T, H * width]
        return g.splitHeads(name, all, heads); // [H, T, width]
    }

    public SeparateLevitAttention {
        Checks.positive("dim", dimOut);
        Checks.positive("heads", heads);
        Checks.positive("width of the values", valueDim);
        Checks.positive("key_dim", keyDim);
    }
}
