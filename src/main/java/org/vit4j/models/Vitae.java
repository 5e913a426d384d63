package org.vit4j.models;

import java.util.List;
import java.util.Optional;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.PositionGrid;
import org.vit4j.graph.Role;
import org.vit4j.graph.Tensor;
import org.vit4j.layers.ClassToken;
import org.vit4j.layers.DropRates;
import org.vit4j.layers.PatchEmbed;
import org.vit4j.layers.SinusoidalPositions;
import org.vit4j.layers.TokenPool;

/**
 * ViTAE: "Vision Transformer Advanced by Exploring Intrinsic Inductive Bias", Xu et al. 2021, arXiv:2106.03348.
 * Reduction cells that shrink the grid with dilated convolutions, then normal cells with convolutions parallel to their
 * attention. Reference: ViTAE-Transformer/ViTAE-Transformer, {@code Image-Classification/vitae/vitmodules.py}; the
 * variants Base to Huge (arXiv:2202.10108) have ViT's patch embedding instead of reduction cells.
 *
 * <pre>
 * variant              token_dims          nc_depth    nc_heads    parameters
 * vitae_6m             [64, 64, 256]       [0, 0, 10]  [1, 1, 4]   6,614,120
 * vitae_tiny           [64, 64, 256]       [0, 0, 7]   [1, 1, 4]   4,886,888
 * vitae_13m            [64, 64, 320]       [0, 0, 11]  [1, 1, 5]   10,834,728
 * vitae_small          [96, 192, 384]      [0, 0, 14]  [1, 1, 6]   24,032,136
 * vitae_small_dec2021  [64, 64, 384]       [0, 0, 14]  [1, 1, 6]   23,191,528
 * vitae_base           [768, 768, 768]     [0, 0, 12]  [1, 1, 12]  89,341,672
 * vitae_large          [1024, 1024, 1024]  [0, 0, 24]  [1, 1, 16]  311,724,008
 * vitae_huge           [1280, 1280, 1280]  [0, 0, 32]  [1, 1, 16]  644,528,360
 * </pre>
 *
 * <p>The paper has a class token and sinusoidal positions before the normal cells, the released variants Tiny to Small
 * have neither; here both are options. A condition that is always true disables the released reduction cells of type
 * transformer and pooling; here they follow the code of December 2021, before that condition.
 *
 * @param classToken true for a class token before the cells of the last stage, or after the patch embedding
 * @param posEmbed positions of the tokens of the last stage; a patch embedding has learned ones
 * @param pool input of the head; the authors' code does not read the class token of a patch embedding
 */
public record Vitae(
        ImageSpec image,
        int classes,
        List<VitaeStage> stages,
        boolean classToken,
        PositionType posEmbed,
        TokenPool pool,
        double normEps,
        DropRates drops)
        implements ModelConfig {

    @Override
    public Graph build() {
        Graph g = new Graph(Init.TIMM);
        Features x = new Features(image.input(g), image.height(), image.width(), false); // [H, W, C]
        for (int i = 0; i < stages.size(); i++) {
            VitaeStage stage = stages.get(i);
            Graph layer = g.scope("layers." + i);
            x = reduce(layer, x, stage, i == 0); // [T, D]
            if (i == stages.size() - 1 && !x.classToken) x = addTokenAndPositions(g, x); // [T, D] or [1 + T, D]
            for (int j = 0; j < stage.depth(); j++) {
                Graph cell = layer.scope("NC." + j);
                x = x.with(stage.normal().build(cell, x.tensor, x.height, x.width, x.classToken, path(i, j))); // [T, D]
            }
        }
        g.output("logits", head(g, x.tensor)); // [K]
        return g;
    }

    /** Tokens of a grid, or the image: [T, D] with T = height * width, plus 1 for a class token. */
    private record Features(Tensor tensor, int height, int width, boolean classToken) {
        Features with(Tensor other) {
            return new Features(other, height, width, classToken);
        }
    }

    private Features reduce(Graph layer, Features x, VitaeStage stage, boolean first) {
        if (stage.embedding().isPresent())
            return embedding(layer.scope("RC"), x.tensor, stage.embedding().get());
        if (stage.reduction().isEmpty()) return x;
        Tensor grid =
                first ? x.tensor : layer.reshape("grid", x.tensor, x.height, x.width, x.tensor.dim(1)); // [h, w, D]
        grid = stage.reduction().get().build(layer.scope("RC"), grid); // [h', w', D']
        int height = grid.dim(0);
        int width = grid.dim(1);
        Tensor tokens = layer.reshape("tokens", grid, height * width, stage.tokenDim()); // [T, D']
        return new Features(tokens, height, width, false);
    }

    /** Patch embedding of ViT with class token and learned positions. */
    private Features embedding(Graph g, Tensor image, PatchEmbed patchEmbed) {
        Tensor x = patchEmbed.build(g.scope("PRM"), image); // [T, D]
        PositionGrid grid = patchEmbed.grid(1, image);
        x = ClassToken.prepend(g, x, Init.ZEROS); // [1 + T, D]
        x = g.addPositions("pos_embed", x, Role.POSITION, Init.ZEROS, grid); // [1 + T, D]
        return new Features(g.dropout("pos_drop", x, drops.embed()), grid.height(), grid.width(), true);
    }

    /** Adds the optional class token and positions before the normal cells of the last stage. */
    private Features addTokenAndPositions(Graph g, Features features) {
        Tensor x = features.tensor; // [T, D]
        if (classToken) x = ClassToken.prepend(g, x, new Init.TruncatedNormalInit(0.02)); // [1 + T, D]
        if (posEmbed == PositionType.SINUSOID) {
            PositionGrid grid = new PositionGrid(classToken ? 1 : 0, features.height, features.width);
            Init table = SinusoidalPositions.table(x.dim(0), x.dim(1));
            x = g.addPositions("pos_embed", x, Role.CONSTANT, table, grid); // [1 + T, D]
        }
        x = g.dropout("pos_drop", x, drops.embed()); // [1 + T, D]
        return new Features(x, features.height, features.width, classToken);
    }

    /**
     * Stochastic depth rate of cell {@code j} of stage {@code i}. As in the authors' code, only the cells of the
     * previous stage count as preceding cells, not those of all earlier stages.
     */
    private double path(int i, int j) {
        int all = stages.stream().mapToInt(VitaeStage::depth).sum();
        int before = i == 0 ? 0 : stages.get(i - 1).depth();
        return drops.path(before + j, all);
    }

    /** [T, D] -> [K] */
    private Tensor head(Graph g, Tensor x) {
        Tensor patches = classToken ? ClassToken.patches(g, x) : x; // [T, D]
        Tensor pooled = pool == TokenPool.CLS ? ClassToken.select(g, x) : g.mean("pool", patches, 0); // [D]
        if (classToken) pooled = g.layerNorm("fc_norm", pooled, normEps); // without a class token there is no norm
        return g.dense("head", g.dropout("head_drop", pooled, drops.head()), classes); // [K]
    }

    /** Position embedding of the tokens of the last stage. */
    public enum PositionType {
        /** None; the zero padding of the convolutions encodes positions. */
        NONE,
        SINUSOID
    }

    public Vitae {
        stages = List.copyOf(stages);
        Checks.positive("classes", classes);
        Checks.require(!stages.isEmpty() && stages.get(0).reduces(), "the first stage must reduce the image to tokens");
        boolean embedded = stages.get(0).embedding().isPresent();
        Checks.require(!embedded || classToken, "rc_tokens_type (embedding) needs class_token: true");
        Checks.require(
                !embedded || posEmbed == PositionType.NONE,
                "pos_embed (sinusoid) must be none with rc_tokens_type: embedding, which has learned positions");
        Checks.require(classToken || pool != TokenPool.CLS, "pool (cls) needs class_token: true");
        for (int i = 1; i < stages.size(); i++) {
            VitaeStage stage = stages.get(i);
            boolean embeds = stage.embedding().isPresent();
            Checks.require(!embeds, "rc_tokens_type (embedding) is only supported in the first stage");
            Checks.require(!stage.reduces() || !embedded, "rc_tokens_type must be none in stages after an embedding");
            int before = stages.get(i - 1).tokenDim();
            Checks.require(
                    stage.reduces() || before == stage.tokenDim(),
                    "token_dims (%d, %d) must be equal in stages without a reduction cell between them",
                    before,
                    stage.tokenDim());
        }
    }

    @Override
    public String arch() {
        return "vitae";
    }

    static Optional<Vitae> read(Section s, ImageSpec image, int classes) {
        boolean shareWeights = s.boolAt("share_weights", false);
        double tokenDrop = s.doubleAt("token_drop", 0.1);
        double eps = s.doubleAt("norm_eps", 1e-6);
        DropRates drops = DropRates.read(s);
        List<VitaeStage> stages = VitaeStage.read(s, shareWeights, tokenDrop, eps, drops);
        boolean embedded = !stages.isEmpty() && stages.get(0).embedding().isPresent();
        boolean classToken = s.boolAt("class_token", false);
        PositionType posEmbed = s.enumAt("pos_embed", PositionType.class, PositionType.NONE);
        TokenPool standard = classToken && !embedded ? TokenPool.CLS : TokenPool.MEAN;
        TokenPool pool = s.enumAt("pool", TokenPool.class, standard);
        return s.build(() -> {
            Checks.rate("token_drop", tokenDrop);
            var config = new Vitae(image, classes, stages, classToken, posEmbed, pool, eps, drops);
            config.build(); // throws if the grids of the stages do not fit
            return config;
        });
    }
}
