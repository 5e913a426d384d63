package org.vit4j.layers;

import java.util.OptionalDouble;
import java.util.function.UnaryOperator;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/**
 * Multi-head self-attention with a fused {@code qkv} projection (Vaswani et al. 2017, section 3.2).
 *
 * @param headDim d; heads * headDim need not be the width of the tokens
 * @param scale factor of the scores, usually 1/sqrt(d)
 * @param qkNorm epsilon of the layer norm over each query and key, empty for none
 * @param project true for an output projection; vit-pytorch omits it for a single head of full width
 */
public record Attention(
        int heads,
        int headDim,
        double scale,
        boolean qkvBias,
        OptionalDouble qkNorm,
        boolean project,
        double attnDrop,
        double projDrop) {

    /** [T, D] -> [T, D]; the attention probabilities are the tensor {@code probs} [H, T, T]. */
    public Tensor build(Graph g, Tensor x) {
        return build(g, x, probs -> probs);
    }

    /** [T, D] -> [T, D] with {@code transform}, [H, T, T] -> [H, T, T], applied to the attention probabilities. */
    public Tensor build(Graph g, Tensor x, UnaryOperator<Tensor> transform) {
        Tensor qkv = g.dense("qkv", x, 3 * heads * headDim, qkvBias); // [T, 3 * H * d]
        Tensor q = norm(g, "q_norm", g.splitHeads("q", qkv, heads, 0, 3)); // [H, T, d]
        Tensor k = norm(g, "k_norm", g.splitHeads("k", qkv, heads, 1, 3)); // [H, T, d]
        Tensor v = g.splitHeads("v", qkv, heads, 2, 3); // [H, T, d]

        Tensor probs = g.softmax("probs", g.scores("scores", q, k, scale)); // [H, T, T], rows sum to 1
        Tensor transformed = transform.apply(g.dropout("attn_drop", probs, attnDrop)); // [H, T, T]
        Tensor context = g.weightedSum("context", transformed, v); // [H, T, d]

        Tensor merged = g.mergeHeads("merged", context); // [T, H * d]
        Tensor out = project ? g.dense("proj", merged, x.dim(1)) : merged; // [T, D]
        return g.dropout("proj_drop", out, projDrop);
    }

    private Tensor norm(Graph g, String name, Tensor x) {
        return qkNorm.isPresent() ? g.layerNorm(name, x, qkNorm.getAsDouble()) : x;
    }
}
