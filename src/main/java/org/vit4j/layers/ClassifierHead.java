package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/**
 * Classifier of a transformer: norm, pooling and a dense layer.
 *
 * @param skipped number of tokens at the start that the mean omits
 */
public record ClassifierHead(TokenPool pool, int skipped, HeadNorm norm, double normEps, double drop) {

    /** Place of the final norm. A norm applies to each token alone, so the class token can be selected first. */
    public enum HeadNorm {
        /** All tokens, before the mean. */
        TOKENS,
        /** The pooled token, with the parameters {@code norm}. */
        POOLED,
        /** The pooled token, with the parameters {@code fc_norm}. */
        FC_NORM
    }

    /** [T, D] -> [K] */
    public Tensor build(Graph g, Tensor x, int classes) {
        boolean first = norm == HeadNorm.TOKENS && pool == TokenPool.MEAN;
        Tensor tokens = first ? g.layerNorm("norm", x, normEps) : x; // [T, D]
        Tensor pooled = pool.build(g, tokens, skipped); // [D]
        if (!first) pooled = g.layerNorm(norm == HeadNorm.FC_NORM ? "fc_norm" : "norm", pooled, normEps); // [D]
        return g.dense("head", g.dropout("head_drop", pooled, drop), classes); // [K]
    }
}
