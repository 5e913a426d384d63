package org.vit4j.models;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Supplier;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.PositionGrid;
import org.vit4j.graph.Role;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;
import org.vit4j.layers.BlockDefaults;
import org.vit4j.layers.ClassToken;
import org.vit4j.layers.DistillationToken;
import org.vit4j.layers.DropRates;
import org.vit4j.layers.SinusoidalPositions;
import org.vit4j.layers.TokenPool;
import org.vit4j.layers.TokensToToken;
import org.vit4j.layers.TokensToToken.PerformerTokens;
import org.vit4j.layers.TokensToToken.SoftmaxTokens;
import org.vit4j.layers.TokensToToken.TokenModule;
import org.vit4j.layers.TransformerBlock;

/**
 * T2T-ViT: "Tokens-to-Token ViT", Yuan et al. 2021, arXiv:2101.11986. Repeatedly unfolds overlapping windows to tokens,
 * applies attention to them and reshapes them to a grid for the next windows. Reference: yitu-opensource/T2T-ViT,
 * {@code models/t2t_vit.py}: narrow token modules between the splits, fixed sinusoid positions.
 *
 * <pre>
 * variant          dim  depth  heads  parameters
 * t2t_vit_10       256  10     4      5,889,230
 * t2t_vit_12       256  12     4      6,941,902
 * t2t_vit_7        256  7      4      4,310,222
 * t2t_vit_14       384  14     6      21,545,550
 * t2t_vit_14_384   384  14     6      21,691,470
 * t2t_vit_t_14     384  14     6      21,541,070
 * t2t_vit_19       448  19     7      39,177,422
 * t2t_vit_t_19     448  19     7      39,172,942
 * t2t_vit_24       512  24     8      64,105,934
 * t2t_vit_t_24     512  24     8      64,101,454
 * t2t_vit_14_wide  768  4      12     25,156,302
 * </pre>
 *
 * <p>The factor of the scores, {@code qk_scale}, is 1/sqrt(d) by default; the authors' factory sets 1/sqrt(dim) with
 * {@code pretrained=True}, their evaluation does not.
 *
 * @param tokenInit initial values of class and distillation tokens
 * @param learnedPositions initial values of learned positions; empty for fixed sinusoids
 */
public record T2tVit(
        ImageSpec image,
        int classes,
        Init.InitScheme init,
        TokensToToken tokensToToken,
        Init tokenInit,
        Optional<Init> learnedPositions,
        int depth,
        TransformerBlock block,
        T2tHead head,
        DropRates drops)
        implements ModelConfig {

    @Override
    public Graph build() {
        Graph g = new Graph(init);
        Tensor x = tokensToToken.build(g.scope("tokens_to_token"), image.input(g)); // [T, D]
        x = ClassToken.prepend(g, x, tokenInit); // [1 + T, D]
        x = addPositions(g, x, tokensToToken.grid(image.height(), image.width())); // [1 + T, D]
        if (head.distilled()) x = DistillationToken.append(g, x, tokenInit); // [1 + T + 1, D]
        x = g.dropout("pos_drop", x, drops.embed()); // [1 + T, D]
        for (int i = 0; i < depth; i++) {
            x = block.build(g.scope("blocks." + i), x, drops.path(i, depth)); // [1 + T, D]
        }
        head.build(g, x, classes); // [K]
        return g;
    }

    private Tensor addPositions(Graph g, Tensor x, PositionGrid grid) {
        return learnedPositions.isPresent()
                ? g.addPositions("pos_embed", x, Role.POSITION, learnedPositions.get(), grid)
                : g.addPositions("pos_embed", x, Role.CONSTANT, SinusoidalPositions.table(x.dim(0), x.dim(1)), grid);
    }

    public T2tVit {
        Checks.positive("classes", classes);
        Checks.depth("depth", depth);
    }

    @Override
    public String arch() {
        return "t2t_vit";
    }

    static Optional<T2tVit> read(Section s, ImageSpec image, int classes) {
        List<Window> splits = TokensToToken.readSplits(s);
        T2tModule type = s.enumAt("tokens_type", T2tModule.class, T2tModule.PERFORMER);
        int tokenDim = s.intAt("token_dim", 64);
        double tokenDrop = s.doubleAt("token_drop", 0.1);
        int dim = s.intAt("dim", 768);
        int depth = s.intAt("depth", 12);
        DropRates drops = DropRates.read(s);
        Supplier<TransformerBlock> block =
                TransformerBlock.read(s, dim, BlockDefaults.dividing(12, 4, false, 1e-5), drops);
        OptionalDouble qkScale = s.optionalDouble("qk_scale");
        TokenPool pool = s.enumAt("pool", TokenPool.class, TokenPool.CLS);
        boolean distilled = s.boolAt("distilled", false);
        return s.build(() -> {
            TokenModule module = type.module(tokenDim, tokenDrop);
            var tokensToToken = new TokensToToken(splits, module, false, dim);
            TransformerBlock scaled = block.get().withScale(qkScale);
            Checks.require(pool == TokenPool.CLS, "pool (mean) is not supported by the official flavor");
            var head = new T2tHead(pool, distilled, scaled.norm().eps(), drops.head());
            Init learned = new Init.TruncatedNormalInit(0.02);
            var config = new T2tVit(
                    image, classes, Init.TIMM, tokensToToken, learned, Optional.empty(), depth, scaled, head, drops);
            config.build(); // throws if a window does not fit into the grid of the previous split
            return config;
        });
    }

    /** Values of the key {@code tokens_type}: attention that is linear in the number of tokens, or exact. */
    public enum T2tModule {
        PERFORMER,
        TRANSFORMER;

        /**
         * Returns the token module with tokens of width {@code dim}.
         *
         * @param drop dropout of the performer; a constant 0.1 in the authors' code
         */
        TokenModule module(int dim, double drop) {
            check(dim, drop);
            if (this == TRANSFORMER) return new SoftmaxTokens(dim);
            String rule = "must be at least 2 for a performer, which has token_dim / 2 features";
            Checks.check(dim >= 2, "token_dim", dim, rule);
            return new PerformerTokens(dim, drop);
        }

        /** Checks the values of {@code token_dim} and {@code token_drop}. */
        public static void check(int dim, double drop) {
            Checks.positive("token_dim", dim);
            Checks.rate("token_drop", drop);
        }
    }

    /**
     * Norm and classifier.
     *
     * @param distilled true for a distillation token after the patches, without a position, with its own norm and head
     *     (vit-pytorch's {@code distill.py}; the authors' code has none); predictions come from the class head
     */
    public record T2tHead(TokenPool pool, boolean distilled, double normEps, double drop) {
        /** [1 + T, D] -> outputs [K], for two heads if distilled. */
        void build(Graph g, Tensor x, int classes) {
            Tensor tokens = distilled ? DistillationToken.without(g, x) : x; // [1 + T, D]
            Tensor pooled = pool == TokenPool.CLS ? ClassToken.select(g, x) : g.mean("pool", tokens, 0); // [D]
            pooled = g.dropout("head_drop", g.layerNorm("norm", pooled, normEps), drop); // [D]
            Tensor logits = g.dense("head", pooled, classes); // [K]
            if (distilled) DistillationToken.head(g, x, logits, normEps);
            else g.output("logits", logits);
        }
    }
}
