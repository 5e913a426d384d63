package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;

/**
 * Distillation token as in lucidrains/vit-pytorch 0.20.2 ({@code distill.py}, DistillWrapper): the last token, without
 * a position, with its own norm and head. In Touvron et al. 2021, arXiv:2012.12877, it follows the class token, has a
 * position, and predictions average both heads.
 */
public final class DistillationToken {
    private DistillationToken() {}

    /** Appends the token: [T, D] -> [T + 1, D] */
    public static Tensor append(Graph g, Tensor x, Init init) {
        return g.concat("with_dist", 0, x, g.learnedTokens("dist_token", x, 1, init));
    }

    /** Removes the token: [T + 1, D] -> [T, D] */
    public static Tensor without(Graph g, Tensor x) {
        return g.slice("without_dist", x, 0, 0, x.dim(0) - 1);
    }

    /**
     * Applies the distillation head to the output of the blocks, [T + 1, D] -> [K]. Declares the outputs {@code
     * logits}, {@code logits_class} and {@code logits_distill}.
     *
     * <p>Predictions come from the class head, because vit-pytorch drops token and distillation head after training.
     * Its student then has the same parameters, but slightly different attention without the token.
     */
    public static void head(Graph g, Tensor x, Tensor logits, double normEps) {
        Tensor token = ClassToken.select(g, "dist", x, x.dim(0) - 1); // [D]
        Tensor normed = g.layerNorm("dist_norm", token, normEps); // [D]
        g.output("logits", logits);
        g.output("logits_class", logits);
        g.output("logits_distill", g.dense("head_dist", normed, logits.dim(0))); // [K]
    }
}
