package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;

/**
 * Performer attention with one head, as in T2T-ViT and ViTAE: softmax attention approximated by positive random
 * features, linear in the number of tokens (Choromanski et al. 2021, arXiv:2009.14794).
 *
 * <p>The directions of the features are drawn once and not trained; they are part of the checkpoint.
 *
 * @param width e, width of queries, keys, values and output
 * @param features m, number of random directions
 * @param skip true for a residual from the values, because the input may have another width
 */
public record Performer(int width, int features, boolean skip, double drop) {
    /** Added to the denominator, a sum of exponentials that may be tiny. */
    private static final double EPSILON = 1e-8;

    /** [T, D] -> [T, e] */
    public Tensor build(Graph g, Tensor x) {
        Tensor kqv = g.dense("kqv", x, 3 * width); // [T, 3 * e], keys first
        Tensor k = g.slice("k", kqv, 1, 0, width); // [T, e]
        Tensor q = g.slice("q", kqv, 1, width, 2 * width); // [T, e]
        Tensor v = g.slice("v", kqv, 1, 2 * width, 3 * width); // [T, e]

        Init directions = new Init.OrthogonalInit(Math.sqrt(features));
        Tensor kp = g.performerFeatures("k_features", "w", k, features, directions); // [T, m]
        Tensor qp = g.performerFeatures("q_features", "w", q, features, directions); // [T, m]
        Tensor context = g.linearAttention("context", qp, kp, v, EPSILON); // [T, e]

        Tensor out = g.dropout("dp", g.dense("proj", context, width), drop); // [T, e]
        return skip ? g.add("skip", v, out) : out;
    }
}
