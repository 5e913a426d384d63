package org.vit4j.layers;

import java.util.function.UnaryOperator;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/**
 * Queries, keys and values of H heads, and scaled dot-product attention over them (Vaswani et al. 2017, section 3.2).
 * The attention layers differ in their projections and in operations on the attention maps.
 *
 * @param q [H, T, d]
 * @param k [H, S, d]
 * @param v [H, S, e]; e need not be d
 */
public record Qkv(Tensor q, Tensor k, Tensor v) {

    /** Splits a fused projection [T, 3 * H * d]; the tensors are {@code q}, {@code k} and {@code v} with a suffix. */
    public static Qkv split(Graph g, Tensor fused, int heads, String suffix) {
        return new Qkv(
                g.splitHeads("q" + suffix, fused, heads, 0, 3), // [H, T, d]
                g.splitHeads("k" + suffix, fused, heads, 1, 3), // [H, T, d]
                g.splitHeads("v" + suffix, fused, heads, 2, 3)); // [H, T, d]
    }

    /** Returns the context [T, H * e]; {@code drop} is the dropout rate of the attention probabilities. */
    public Tensor attend(Graph g, double scale, double drop) {
        return attend(g, scale, scores -> scores, probs -> g.dropout("attn_drop", probs, drop));
    }

    /**
     * Returns the context [T, H * e].
     *
     * @param scale factor of the scores, usually 1/sqrt(d)
     * @param onScores operation before the softmax, [H, T, S] -> [H, T, S]
     * @param onProbs operations after the softmax, dropout included, [H, T, S] -> [H, T, S]
     */
    public Tensor attend(Graph g, double scale, UnaryOperator<Tensor> onScores, UnaryOperator<Tensor> onProbs) {
        Tensor scores = onScores.apply(g.scores("scores", q, k, scale)); // [H, T, S]
        Tensor probs = onProbs.apply(g.softmax("probs", scores)); // [H, T, S], rows of the softmax sum to 1
        Tensor context = g.weightedSum("context", probs, v); // [H, T, e]
        return g.mergeHeads("merged", context); // [T, H * e]
    }
}
