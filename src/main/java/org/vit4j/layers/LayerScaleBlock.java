package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;

/**
 * Pre-norm attention and MLP, each branch scaled channel by channel before it is added: CaiT's block (Touvron et al.
 * 2021, equation 4), for patches among themselves or for a class token that hears the patches.
 *
 * @param layerScale initial value of both scales
 * @param normWithClassToken class attention: whether the patches are normalized together with the class token, or come as they
 *     are
 * @param path stochastic depth of both branches
 */
public record LayerScaleBlock(
        TalkingHeads attention, Mlp mlp, double layerScale, boolean normWithClassToken, double normEps, double path) {

    /** Layer dropout: this is layer {@code index} of {@code count}, left out as a whole with probability {@code rate}. */
    public record LayerIndex(String stack, int index, int count, double rate) {}

    /** [T, D] -> [T, D] */
    public Tensor build(Graph g, Tensor x, LayerIndex layer) {
        return residuals(g, x, attend(g, x), layer);
    }

    /** Class attention: [1, D], patches [T, D] -> [1, D] */
    public Tensor build(Graph g, Tensor cls, Tensor patches, LayerIndex layer) {
        return residuals(g, cls, attend(g, cls, patches), layer);
    }

    /** The scaled attention branch alone: [T, D] -> [T, D] */
    public Tensor attend(Graph g, Tensor x) {
        Tensor y = g.layerNorm("norm1", x, normEps); // [T, D]
        return scaled(g, "ls1", attention.build(g.scope("attn"), y, y)); // [T, D]
    }

    /** The scaled attention branch alone: [1, D], patches [T, D] -> [1, D] */
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
