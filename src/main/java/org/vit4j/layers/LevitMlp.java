package org.vit4j.layers;

import org.vit4j.config.Checks;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;

/** LeViT's feed-forward network: two linear layers with batch normalization. A residual branch that starts at 0. */
public record LevitMlp(int hidden, Activation activation) {
    public LevitMlp {
        Checks.positive("width of the MLP", hidden);
    }

    /** [T, D] -> [T, D] */
    public Tensor build(Graph g, Tensor x) {
        Tensor h = LinearNorm.build(g.scope("ln1"), x, hidden, false, Init.ONES); // [T, hidden]
        return LinearNorm.build(
                g.scope("ln2"), g.activate("act", h, activation), x.dim(1), false, Init.ZEROS); // [T, D]
    }
}
