package org.vit4j.layers;

import java.util.OptionalDouble;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/**
 * Transformer block with several parallel branches, whose sum is added: {@code parallel} attentions, then as many MLPs
 * (Touvron et al. 2022, arXiv:2203.09795). With one branch it is the plain block. Names are those of timm.
 */
public record ParallelBlock(TransformerBlock block, int parallel) {
    public ParallelBlock {
        Checks.positive("parallel", parallel);
    }

    /** [T, D] -> [T, D] */
    public Tensor build(Graph g, Tensor x, double dropPath) {
        if (parallel == 1) return block.build(g, x, dropPath);
        x = residual(g, "attns", "1", x, dropPath, (b, y) -> block.attention().build(b.scope("attn"), y)); // [T, D]
        return residual(g, "ffns", "2", x, dropPath, (b, y) -> block.mlp().build(b.scope("mlp"), y)); // [T, D]
    }

    private Tensor residual(
            Graph g, String scope, String number, Tensor x, double dropPath, BiFunction<Graph, Tensor, Tensor> f) {
        Tensor[] branches = new Tensor[parallel];
        for (int j = 0; j < parallel; j++) {
            Graph b = g.scope(scope + "." + j);
            branches[j] = block.norm().branch(b, "", x, dropPath, y -> f.apply(b, y)); // [T, D]
        }
        return g.add("add" + number, x, branches); // [T, D]
    }

    /**
     * Reads the keys of a {@link TransformerBlock}, and {@code qk_norm}, {@code layer_scale}, {@code activation} and
     * {@code parallel}; the supplier checks the values.
     */
    public static Supplier<ParallelBlock> read(Section s, int dim, BlockDefaults defaults, DropRates drops) {
        Supplier<Attention> attention = Attention.read(s, dim, defaults, drops);
        boolean qkNorm = s.boolAt("qk_norm", false);
        Activation activation = s.enumAt("activation", Activation.class, Activation.GELU);
        Supplier<Mlp> mlp = Mlp.read(s, dim, defaults.mlpRatio(), activation, drops.proj());
        OptionalDouble layerScale = s.optionalDouble("layer_scale");
        double eps = s.doubleAt("norm_eps", defaults.normEps());
        int parallel = s.intAt("parallel", 1);
        OptionalDouble qkEps = qkNorm ? OptionalDouble.of(eps) : OptionalDouble.empty();
        return () -> new ParallelBlock(
                new TransformerBlock(attention.get().withQkNorm(qkEps), mlp.get(), new PreNorm(eps, layerScale)),
                parallel);
    }

    /** Returns a copy without output projection if a single head has the width of the tokens, as in vit-pytorch. */
    public ParallelBlock projectedUnlessSingle(int dim) {
        Attention attention = block.attention().projectedUnlessSingle(dim);
        return new ParallelBlock(new TransformerBlock(attention, block.mlp(), block.norm()), parallel);
    }
}
