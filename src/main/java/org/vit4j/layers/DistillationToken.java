package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;

/**
 * The distillation token as lucidrains/vit-pytorch 0.20.2 hangs it on a student from outside ({@code distill.py},
 * DistillWrapper): behind the patches, without a position, with a head of its own. Touvron et al. 2021,
 * arXiv:2012.12877, have it behind the class token, with a position, and average both heads.
 */
public final class DistillationToken {
    private DistillationToken() {}

    /** [T, D] -> [T + 1, D] */
    public static Tensor append(Graph g, Tensor x) {
        return g.concat("distilled", 0, x, g.learnedTokens("dist_token", x, 1, new Init.NormalInit(1)));
    }

    /** The tokens without it, [T + 1, D] -> [T, D]. */
    public static Tensor without(Graph g, Tensor x) {
        return g.slice("student", x, 0, 0, x.dim(0) - 1);
    }

    /**
     * Its head on what the blocks made of it, [T + 1, D] -> [K]. Declares the outputs {@code logits}, {@code
     * logits_class} and {@code logits_distill}.
     *
     * <p>Predictions come from the class head: vit-pytorch throws the token away after training and leaves its head out
     * of the student. The student without its token has the same weights, and slightly other attention.
     */
    public static void head(Graph g, Tensor x, Tensor logits) {
        int last = x.dim(0) - 1;
        Tensor token = g.reshape("dist", g.slice("dist_slice", x, 0, last, last + 1), x.dim(1)); // [D]
        Tensor normed = g.layerNorm("dist_norm", token, 1e-5); // [D]
        g.output("logits", logits);
        g.output("logits_class", logits);
        g.output("logits_distill", g.dense("head_dist", normed, logits.dim(0))); // [K]
    }
}
