package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;

/**
 * CaiT's block (Touvron et al. 2021, equation 4): pre-norm attention and MLP with layer scale on both branches, as
 * self-attention of the patches or as class attention.
 *
 * @param layerScale initial value of both scales
 * @param normWithClassToken in class attention, true if the patches are normalized together with the class token, false
 *     if they are not normalized
 * @param path stochastic depth rate of both branches
 */
public record LayerScaleBlock(
        TalkingHeads attention, Mlp mlp, double layerScale, boolean normWithClassToken, double normEps, double path) {

    /**
     * Position of the block for layer dropout: layer {@code index} of {@code count}, dropped with probability {@code
     * rate}.
     */
    public record LayerIndex(String stack, int index, int count, double rate) {}

    /** [T, D] -> [T, D] */
    public Tensor build(Graph g, Tensor x, LayerIndex layer) {
        return residuals(g, x, attend(g, x), layer);
    }

    /** Class attention: [1, D], patches [T, D] -> [1, D] */
    public Tensor build(Graph g, Tensor cls, Tensor patches, LayerIndex layer) {
        return residuals(g, cls, attend(g, cls, patches), layer);
    }

    /** Attention branch with layer scale, without the residual: [T, D] -> [T, D] */
    public Tensor attend(Graph g, Tensor x) {
        Tensor y = g.layerNorm("norm1", x, normEps); // [T, D]
        return scaled(g, "ls1", attention.build(g.scope("attn"), y, y)); // [T, D]
    }

    /** Class attention branch with layer scale, without the residual: [1, D], patches [T, D] -> [1, D] */
    public Tensor attend(Graph g, Tensor cls, Tensor patches) {
        Tensor query;
        Tensor sources;
        if (normWithClassToken) {
            sources = g.layerNorm("norm1", g.concat("tokens", 0, cls, patches), normEps); // [1 + T, D]
            query = g.slice("query", sources, 0, 0, 1); // [1, D]
        } else {
            query = g.layerNorm("norm1", cls, normEps); // [1, D]
            sources = g.concat("tokens", 0, query, patches); // [1 + T, D]
        }
        return scaled(g, "ls1", attention.build(g.scope("attn"), query, sources)); // [1, D]
    }

    private Tensor residuals(Graph g, Tensor x, Tensor context, LayerIndex layer) {
        x = g.add("add1", x, dropped(g, "1", context, layer)); // [T, D]
        Tensor y = scaled(g, "ls2", mlp.build(g.scope("mlp"), g.layerNorm("norm2", x, normEps))); // [T, D]
        return g.add("add2", x, dropped(g, "2", y, layer)); // [T, D]
    }

    private Tensor scaled(Graph g, String name, Tensor y) {
        return g.layerScale(name, y, new Init.ConstantInit(layerScale));
    }

    private Tensor dropped(Graph g, String number, Tensor y, LayerIndex layer) {
        y = g.dropPath("drop_path" + number, y, path);
        return g.dropLayer("drop_layer" + number, y, layer.stack(), layer.index(), layer.count(), layer.rate());
    }
}
