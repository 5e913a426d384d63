package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/** Input of the classifier head. */
public enum TokenPool {
    /** The class token. */
    CLS,
    /** The mean over tokens: timm averages the patches, vit-pytorch all tokens. */
    MEAN;

    /**
     * [T, D] -> [D]
     *
     * @param skipped number of tokens at the start that the mean omits
     */
    public Tensor build(Graph g, Tensor x, int skipped) {
        return switch (this) {
            case CLS -> ClassToken.select(g, x); // [D]
            case MEAN -> {
                Tensor tokens = skipped == 0 ? x : g.slice("patches", x, 0, skipped, x.dim(0)); // [T - skipped, D]
                yield g.mean("pool", tokens, 0); // [D]
            }
        };
    }
}
