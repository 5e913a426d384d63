package org.vit4j.models;

import java.util.List;
import java.util.Optional;
import org.vit4j.checkpoint.names.CheckpointNames;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.PositionGrid;
import org.vit4j.graph.Role;
import org.vit4j.graph.Tensor;
import org.vit4j.layers.DropRates;
import org.vit4j.layers.NormalCell;
import org.vit4j.layers.PatchEmbed;
import org.vit4j.layers.SinusoidalPositions;
import org.vit4j.layers.TokenPool;

/**
 * ViTAE: "Vision Transformer Advanced by Exploring Intrinsic Inductive Bias", Xu et al. 2021, arXiv:2106.03348.
 * Reduction cells that shrink the grid with dilated convolutions, then normal cells with convolutions parallel to their
 * attention.
 *
 * <p>official: ViTAE-Transformer/ViTAE-Transformer, {@code Image-Classification/vitae/vitmodules.py}; the variants Base
 * to Huge (arXiv:2202.10108) have ViT's patch embedding instead of reduction cells. There is no community flavor.
 *
 * <p>The paper has a class token and sinusoidal positions before the normal cells, the released variants Tiny to Small
 * have neither; here both are options. A condition that is always true disables the released reduction cells of type
 * transformer and pooling; here they follow the code of December 2021, before that condition.
 *
 * @param shareWeights true if the dilations of a pyramid share one kernel
 * @param classToken true for a class token before the cells of the last stage, or after the patch embedding
 * @param posEmbed positions of the tokens of the last stage; a patch embedding has learned ones
 * @param pool input of the head; the authors' code does not read the class token of a patch embedding
 * @param tokenDrop dropout of the performers in reduction cells; a constant 0.1 in the authors' code
 */
public record Vitae(
        Flavor flavor,
        ImageSpec image,
        int classes,
        List<VitaeStage> stages,
        boolean shareWeights,
        boolean classToken,
        PositionType posEmbed,
        TokenPool pool,
        double tokenDrop,
        double normEps,
        DropRates drops)
        implements ModelConfig {

    /** Position embedding of the tokens of the last stage. */
    public enum PositionType {
        /** None; the zero padding of the convolutions encodes positions. */
        NONE,
        SINUSOID
    }

    public Vitae {
        stages = List.copyOf(stages);
        Checks.positive("classes", classes);
        Checks.rate("token_drop", tokenDrop);
        Checks.require(
                flavor == Flavor.OFFICIAL, "flavor (community) is not supported by vitae, which has only official");
        Checks.require(!stages.isEmpty() && stages.get(0).reduces(), "the first stage must reduce the image to tokens");
        boolean embedded = stages.get(0).embeds();
        Checks.require(!embedded || classToken, "rc_tokens_type (embedding) needs class_token: true");
        Checks.require(
                !embedded || posEmbed == PositionType.NONE,
                "pos_embed (sinusoid) must be none with rc_tokens_type: embedding, which has learned positions");
        Checks.require(classToken || pool != TokenPool.CLS, "pool (cls) needs class_token: true");
        for (int i = 1; i < stages.size(); i++) {
            boolean cell = stages.get(i).reduces();
            Checks.require(
                    !cell || !stages.get(i).embeds(),
                    "rc_tokens_type (embedding) is only supported in the first stage");
            Checks.require(!cell || !embedded, "rc_tokens_type must be none in stages after an embedding");
            int before = stages.get(i - 1).tokenDim();
            int dim = stages.get(i).tokenDim();
            Checks.require(
                    cell || before == dim,
                    "token_dims (%d, %d) must be equal in stages without a reduction cell between them",
                    before,
                    dim);
        }
    }

    static Optional<Vitae> read(Section s, Flavor flavor, ImageSpec image, int classes) {
        List<VitaeStage> stages = VitaeStage.read(s);
        boolean embedded = !stages.isEmpty() && stages.get(0).embeds();
        boolean shareWeights = s.boolAt("share_weights", false);
        boolean classToken = s.boolAt("class_token", false);
        PositionType posEmbed = s.enumAt("pos_embed", PositionType.class, PositionType.NONE);
        TokenPool standard = classToken && !embedded ? TokenPool.CLS : TokenPool.MEAN;
        TokenPool pool = s.enumAt("pool", TokenPool.class, standard);
        double tokenDrop = s.doubleAt("token_drop", 0.1);
        double eps = s.doubleAt("norm_eps", 1e-6);
        DropRates drops = DropRates.read(s);
        return s.build(() -> {
            var config = new Vitae(
                    flavor, image, classes, stages, shareWeights, classToken, posEmbed, pool, tokenDrop, eps, drops);
            config.build(); // throws if the grids of the stages do not fit
            return config;
        });
    }

    @Override
    public String arch() {
        return "vitae";
    }

    @Override
    public Graph build() {
        Graph g = new Graph(Init.TIMM);
        Tensor x = g.input("image", image.height(), image.width(), image.channels()); // [H, W, C]
        int height = 0;
        int width = 0;
        boolean hasClassToken = false;
        for (int i = 0; i < stages.size(); i++) {
            VitaeStage stage = stages.get(i);
            Graph layer = g.scope("layers." + i);
            if (stage.reduces() && stage.embeds()) {
                height = image.height() / stage.ratio();
                width = image.width() / stage.ratio();
                hasClassToken = true;
                x = embedding(layer.scope("RC"), x, stage); // [1 + T, D]
            } else if (stage.reduces()) {
                Tensor grid = i == 0 ? x : layer.reshape("grid", x, height, width, x.dim(1)); // [h, w, D]
                grid = stage.reduction(shareWeights, tokenDrop).build(layer.scope("RC"), grid); // [h', w', D']
                height = grid.dim(0);
                width = grid.dim(1);
                x = layer.reshape("tokens", grid, height * width, stage.tokenDim()); // [T, D]
            }
            if (i == stages.size() - 1 && !hasClassToken) {
                x = addTokenAndPositions(g, x, height, width); // [T, D] or [1 + T, D]
                hasClassToken = classToken;
            }
            for (int j = 0; j < stage.depth(); j++) {
                NormalCell cell = stage.normal(hasClassToken, normEps, drops, path(i, j));
                x = cell.build(layer.scope("NC." + j), x, height, width);
            }
        }
        g.output("logits", head(g, x));
        return g;
    }

    /** Patch embedding of ViT with class token and learned positions. */
    private Tensor embedding(Graph g, Tensor image, VitaeStage stage) {
        Tensor x = new PatchEmbed(stage.ratio(), stage.ratio(), stage.tokenDim(), true)
                .build(g.scope("PRM"), image); // [T, D]
        x = g.concat("tokens", 0, g.learnedTokens("cls_token", x, 1, Init.ZEROS), x); // [1 + T, D]
        PositionGrid grid =
                new PositionGrid(1, this.image.height() / stage.ratio(), this.image.width() / stage.ratio());
        return g.dropout("pos_drop", g.addPositions("pos_embed", x, Role.POSITION, Init.ZEROS, grid), drops.embed());
    }

    /** Adds the optional class token and positions before the normal cells of the last stage. */
    private Tensor addTokenAndPositions(Graph g, Tensor x, int height, int width) {
        if (classToken) {
            x = g.concat(
                    "tokens",
                    0,
                    g.learnedTokens("cls_token", x, 1, new Init.TruncatedNormalInit(0.02)),
                    x); // [1 + T, D]
        }
        if (posEmbed == PositionType.SINUSOID) {
            PositionGrid grid = new PositionGrid(classToken ? 1 : 0, height, width);
            x = g.addPositions("pos_embed", x, Role.CONSTANT, SinusoidalPositions.table(x.dim(0), x.dim(1)), grid);
        }
        return g.dropout("pos_drop", x, drops.embed());
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
        Tensor patches = classToken ? g.slice("patches", x, 0, 1, x.dim(0)) : x; // [T, D]
        Tensor pooled = pool == TokenPool.CLS
                ? g.reshape("cls_flat", g.slice("cls", x, 0, 0, 1), x.dim(1))
                : g.mean("pool", patches, 0); // [D]
        if (classToken) pooled = g.layerNorm("fc_norm", pooled, normEps); // without a class token there is no norm
        return g.dense("head", g.dropout("head_drop", pooled, drops.head()), classes); // [K]
    }

    @Override
    public CheckpointNames keys() {
        // The authors' linear attention owns a norm that it never calls.
        CheckpointNames keys = CheckpointNames.SAME.ignoring("layers.{i}.NC.{i}.attn.norm1.*");
        for (int i = 0; i < stages.size(); i++) {
            VitaeStage stage = stages.get(i);
            for (int j = 0; j < stage.depth() && stage.ncTokens().performer(); j++) {
                keys = keys.unused("layers." + i + ".NC." + j + ".attn.norm1", stage.tokenDim());
            }
        }
        return keys;
    }
}
