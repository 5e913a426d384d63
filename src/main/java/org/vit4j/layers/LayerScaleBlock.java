package org.vit4j.layers;

import java.util.function.UnaryOperator;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/**
 * CaiT's block (Touvron et al. 2021, equation 4): pre-norm attention and MLP with layer scale on both branches, as
 * self-attention of the patches or as class attention.
 *
 * @param norm norm and layer scale of both branches
 * @param normWithClassToken in class attention, true if the patches are normalized together with the class token, false
 *     if they are not normalized
 * @param dropPath stochastic depth rate of both branches
 */
public record LayerScaleBlock(
        TalkingHeads attention, Mlp mlp, PreNorm norm, boolean normWithClassToken, double dropPath) {

    /**
     * Position of the block for layer dropout: layer {@code index} of {@code count}, dropped with probability {@code
     * rate}.
     */
    public record LayerIndex(String stack, int index, int count, double rate) {}

    /** [T, D] -> [T, D] */
    public Tensor build(Graph g, Tensor x, LayerIndex layer) {
        return residuals(g, x, attend(g, x), layer); // [T, D]
    }

    /** Class attention: [1, D], patches [T, D] -> [1, D] */
    public Tensor build(Graph g, Tensor cls, Tensor patches, LayerIndex layer) {
        return residuals(g, cls, attend(g, cls, patches), layer); // [1, D]
    }

    /** Attention branch without the residual: [T, D] -> [T, D] */
    public Tensor attend(Graph g, Tensor x) {
        return branch(g, "1", x, y -> attention.build(g.scope("attn"), y, y)); // [T, D]
    }

    /** Class attention branch without the residual: [1, D], patches [T, D] -> [1, D] */
    public Tensor attend(Graph g, Tensor cls, Tensor patches) {
        Graph attn = g.scope("attn");
        if (normWithClassToken) {
            Tensor tokens = g.concat("tokens", 0, cls, patches); // [1 + T, D]
            return branch(g, "1", tokens, y -> attention.build(attn, g.slice("query", y, 0, 0, 1), y)); // [1, D]
        }
        return branch(g, "1", cls, y -> attention.build(attn, y, g.concat("tokens", 0, y, patches))); // [1, D]
    }

    private Tensor residuals(Graph g, Tensor x, Tensor context, LayerIndex layer) {
        x = g.add("add1", x, dropped(g, "1", context, layer)); // [T, D]
        Tensor y = branch(g, "2", x, normed -> mlp.build(g.scope("mlp"), normed)); // [T, D]
        return g.add("add2", x, dropped(g, "2", y, layer)); // [T, D]
    }

    private Tensor branch(Graph g, String number, Tensor x, UnaryOperator<Tensor> f) {
        return norm.branch(g, number, x, dropPath, f);
    }

    private static Tensor dropped(Graph g, String number, Tensor y, LayerIndex layer) {
        return g.dropLayer("drop_layer" + number, y, layer.stack(), layer.index(), layer.count(), layer.rate());
    }
}
