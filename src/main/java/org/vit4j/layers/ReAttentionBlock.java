package org.vit4j.layers;

import java.util.OptionalDouble;
import java.util.function.DoubleFunction;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/**
 * Pre-norm block of DeepViT with re-attention: x + attn(LN(a x)) / a, then x + mlp(LN(a x)) / a.
 *
 * @param adjustment a ({@code scale_adjustment}). Not in the paper; LayerNorm cancels the factor except for its
 *     epsilon
 */
public record ReAttentionBlock(TransformerBlock block, ReAttention reAttention, double adjustment) {
    public ReAttentionBlock {
        Checks.positive("scale_adjustment", adjustment);
    }

    /** [T, D] -> [T, D]; with {@code mixes} false, the block has plain attention. */
    public Tensor build(Graph g, Tensor x, boolean mixes, double dropPath) {
        Graph attn = g.scope("attn");
        UnaryOperator<Tensor> mixing = maps -> mixes ? reAttention.build(attn, maps) : maps;
        x = residual(g, "1", x, dropPath, y -> block.attention().build(attn, y, mixing)); // [T, D]
        return residual(g, "2", x, dropPath, y -> block.mlp().build(g.scope("mlp"), y)); // [T, D]
    }

    private Tensor residual(Graph g, String number, Tensor x, double dropPath, UnaryOperator<Tensor> f) {
        Tensor scaled = scaled(g, "adjust" + number, x, adjustment); // [T, D]
        UnaryOperator<Tensor> readjusted = y -> scaled(g, "readjust" + number, f.apply(y), 1 / adjustment);
        return g.add("add" + number, x, block.norm().branch(g, number, scaled, dropPath, readjusted)); // [T, D]
    }

    private static Tensor scaled(Graph g, String name, Tensor x, double factor) {
        return factor == 1 ? x : g.scale(name, x, factor);
    }

    /**
     * Reads the keys of a {@link TransformerBlock}, {@code qk_scale} and {@code scale_adjustment}.
     *
     * @param reAttention returns the re-attention for the factor of the scores
     */
    public static Supplier<ReAttentionBlock> read(
            Section s, int dim, BlockDefaults defaults, DropRates drops, DoubleFunction<ReAttention> reAttention) {
        Supplier<TransformerBlock> block = TransformerBlock.read(s, dim, defaults, drops);
        OptionalDouble qkScale = s.optionalDouble("qk_scale");
        double adjustment = s.doubleAt("scale_adjustment", 1);
        return () -> {
            TransformerBlock scaled = block.get().withScale(qkScale);
            return new ReAttentionBlock(
                    scaled, reAttention.apply(scaled.attention().scale()), adjustment);
        };
    }
}
