package org.vit4j.layers;

import java.util.OptionalDouble;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.vit4j.config.Section;
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
        Tensor fused = g.dense("qkv", x, 3 * heads * headDim, qkvBias); // [T, 3 * H * d]
        Tensor q = norm(g, "q_norm", g.splitHeads("q", fused, heads, 0, 3)); // [H, T, d]
        Tensor k = norm(g, "k_norm", g.splitHeads("k", fused, heads, 1, 3)); // [H, T, d]
        Tensor v = g.splitHeads("v", fused, heads, 2, 3); // [H, T, d]

        Tensor context = new Qkv(q, k, v)
                .attend(
                        g,
                        scale,
                        scores -> scores,
                        probs -> transform.apply(g.dropout("attn_drop", probs, attnDrop))); // [T, H * d]
        Tensor out = project ? g.dense("proj", context, x.dim(1)) : context; // [T, D]
        return g.dropout("proj_drop", out, projDrop);
    }

    private Tensor norm(Graph g, String name, Tensor x) {
        return qkNorm.isPresent() ? g.layerNorm(name, x, qkNorm.getAsDouble()) : x;
    }

    /** Reads heads, head width and {@code qkv_bias} for tokens of width {@code dim}; the supplier checks the values. */
    public static Supplier<Attention> read(Section s, int dim, BlockDefaults defaults, DropRates drops) {
        Supplier<AttentionHeads> heads = AttentionHeads.read(s, dim, defaults);
        boolean qkvBias = s.boolAt("qkv_bias", defaults.qkvBias());
        return () -> {
            int count = heads.get().count();
            int width = heads.get().width();
            double scale = 1 / Math.sqrt(width);
            return new Attention(
                    count, width, scale, qkvBias, OptionalDouble.empty(), true, drops.attn(), drops.proj());
        };
    }

    /** Returns a copy with another factor of the scores, if there is one. */
    public Attention withScale(OptionalDouble other) {
        double factor = other.orElse(scale);
        return new Attention(heads, headDim, factor, qkvBias, qkNorm, project, attnDrop, projDrop);
    }

    /** Returns a copy with layer norms of queries and keys. */
    public Attention withQkNorm(OptionalDouble eps) {
        return new Attention(heads, headDim, scale, qkvBias, eps, project, attnDrop, projDrop);
    }

    /** Returns a copy with another dropout rate after the projection. */
    public Attention withProjDrop(double rate) {
        return new Attention(heads, headDim, scale, qkvBias, qkNorm, project, attnDrop, rate);
    }

    /** Returns a copy without output projection if a single head has the width of the tokens, as in vit-pytorch. */
    public Attention projectedUnlessSingle(int dim) {
        boolean needed = heads > 1 || headDim != dim;
        return new Attention(heads, headDim, scale, qkvBias, qkNorm, needed, attnDrop, projDrop);
    }
}
