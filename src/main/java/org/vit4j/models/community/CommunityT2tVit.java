package org.vit4j.models.community;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Supplier;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;
import org.vit4j.layers.Attention;
import org.vit4j.layers.BlockDefaults;
import org.vit4j.layers.DropRates;
import org.vit4j.layers.Mlp;
import org.vit4j.layers.TokenPool;
import org.vit4j.layers.TokensToToken;
import org.vit4j.layers.TokensToToken.TokenModule;
import org.vit4j.layers.TransformerBlock;
import org.vit4j.models.Flavor;
import org.vit4j.models.ImageSpec;
import org.vit4j.models.ModelConfig;
import org.vit4j.models.T2tVit;
import org.vit4j.models.T2tVit.T2tHead;
import org.vit4j.models.T2tVit.T2tModule;

/**
 * T2T-ViT (Yuan et al. 2021, arXiv:2101.11986) as in lucidrains/vit-pytorch 0.20.2, {@code t2t.py}: a transformer layer
 * of full width after every split, learned positions.
 */
public record CommunityT2tVit(T2tVit t2tVit) implements ModelConfig {

    @Override
    public Graph build() {
        return t2tVit.build();
    }

    @Override
    public String arch() {
        return t2tVit.arch();
    }

    @Override
    public Flavor flavor() {
        return Flavor.COMMUNITY;
    }

    @Override
    public ImageSpec image() {
        return t2tVit.image();
    }

    @Override
    public int classes() {
        return t2tVit.classes();
    }

    /** Reads the keys of {@link T2tVit} with other defaults; those of narrow token modules have no effect. */
    public static Optional<CommunityT2tVit> read(Section s, ImageSpec image, int classes) {
        List<Window> splits = TokensToToken.readSplits(s);
        s.enumAt("tokens_type", T2tModule.class, T2tModule.PERFORMER);
        int tokenDim = s.intAt("token_dim", 64);
        double tokenDrop = s.doubleAt("token_drop", 0.1);
        int dim = s.intAt("dim", 512);
        int depth = s.intAt("depth", 5);
        DropRates drops = DropRates.read(s);
        Supplier<TransformerBlock> block =
                TransformerBlock.read(s, dim, BlockDefaults.free(8, 64, 1, false, 1e-5), drops);
        OptionalDouble qkScale = s.optionalDouble("qk_scale");
        TokenPool pool = s.enumAt("pool", TokenPool.class, TokenPool.CLS);
        boolean distilled = s.boolAt("distilled", false);
        return s.build(() -> {
            Checks.positive("dim", dim);
            T2tModule.check(tokenDim, tokenDrop);
            TransformerBlock layer = projected(block.get().withScale(qkScale), dim);
            var tokensToToken = new TokensToToken(splits, new FullWidthModule(layer), true, dim);
            var head = new T2tHead(pool, distilled, layer.norm().eps(), drops.head());
            Init normal = new Init.NormalInit(1);
            var config = new T2tVit(
                    image,
                    classes,
                    Init.PYTORCH,
                    tokensToToken,
                    normal,
                    Optional.of(normal),
                    depth,
                    layer,
                    head,
                    drops);
            config.build(); // throws if a window does not fit into the grid of the previous split
            return new CommunityT2tVit(config);
        });
    }

    /** vit-pytorch has neither output projection nor dropout after it for a single head of full width. */
    private static TransformerBlock projected(TransformerBlock block, int dim) {
        Attention attention = block.attention().projectedUnlessSingle(dim);
        if (!attention.project()) attention = attention.withProjDrop(0);
        return new TransformerBlock(attention, block.mlp(), block.norm());
    }

    /** Transformer layer with one head of the width of the tokens, with the norms and dropout rates of the blocks. */
    private record FullWidthModule(TransformerBlock block) implements TokenModule {
        @Override
        public Tensor build(Graph g, Tensor x) {
            int width = x.dim(1);
            // A single head of full width has no output projection.
            var attention = new Attention(1, width, 1 / Math.sqrt(width), false, OptionalDouble.empty(), false, 0, 0);
            var mlp = new Mlp(width, Activation.GELU, block.mlp().drop());
            return new TransformerBlock(attention, mlp, block.norm()).build(g, x, 0); // [T, C]
        }
    }
}
