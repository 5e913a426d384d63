package org.vit4j.layers;

import java.util.OptionalDouble;
import java.util.function.Supplier;
import org.vit4j.config.Section;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/** Pre-norm transformer block of ViT: x + attn(LN(x)), then x + mlp(LN(x)). */
public record TransformerBlock(Attention attention, Mlp mlp, PreNorm norm) {
    /**
     * [T, D] -> [T, D]
     *
     * @param dropPath stochastic depth rate of both branches
     */
    public Tensor build(Graph g, Tensor x, double dropPath) {
        x = norm.residual(g, "1", x, dropPath, y -> attention.build(g.scope("attn"), y)); // [T, D]
        return norm.residual(g, "2", x, dropPath, y -> mlp.build(g.scope("mlp"), y)); // [T, D]
    }

    /** Reads attention, MLP with GELU, and {@code norm_eps}; the supplier checks the values. */
    public static Supplier<TransformerBlock> read(Section s, int dim, BlockDefaults defaults, DropRates drops) {
        Supplier<Attention> attention = Attention.read(s, dim, defaults, drops);
        Supplier<Mlp> mlp = Mlp.read(s, dim, defaults.mlpRatio(), Activation.GELU, drops.proj());
        double eps = s.doubleAt("norm_eps", defaults.normEps());
        return () -> new TransformerBlock(attention.get(), mlp.get(), PreNorm.plain(eps));
    }

    /** Returns a copy with another factor of the scores, if there is one. */
    public TransformerBlock withScale(OptionalDouble other) {
        return new TransformerBlock(attention.withScale(other), mlp, norm);
    }
}
