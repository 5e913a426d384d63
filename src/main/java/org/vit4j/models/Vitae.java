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
import org.vit4j.layers.NormalCell;
import org.vit4j.layers.PatchEmbed;
import org.vit4j.layers.SinusoidalPositions;

/**
 * ViTAE: "Vision Transformer Advanced by Exploring Intrinsic Inductive Bias", Xu et al. 2021, arXiv:2106.03348. Cells
 * that shrink the grid by dilated convolutions, then cells with convolutions beside their attention.
 *
 * <p>official: ViTAE-Transformer/ViTAE-Transformer, {@code Image-Classification/vitae/vitmodules.py}; its Base to Huge
 * (arXiv:2202.10108) begin with ViT's patch embedding in place of reduction cells. There is no community flavor.
 *
 * <p>The paper has a class token and sinusoid positions in front of the normal cells, the released Tiny to Small have
 * neither; here both are options. The released reduction cells of type transformer and pooling are left out by a
 * condition that is always true; here they are what they were before it, in the code of December 2021.
 *
 * @param stages first to last
 * @param shareWeights whether the dilations of a pyramid have one kernel
 * @param classToken in front of the cells of the last stage; with a patch embedding from there on
 * @param posEmbed of the tokens of the last stage; a patch embedding has learned ones
 * @param pool what the head reads; the patch embedding's class token goes unread in the authors' code
 * @param tokenDrop of the performers in reduction cells; 0.1 is written into the authors' code
 */
public record Vitae(
        Flavor flavor,
        ImageSpec image,
        int classes,
        List<VitaeStage> stages,
        boolean shareWeights,
        boolean classToken,
        PositionType posEmbed,
        Vit.TokenPool pool,
        double tokenDrop,
        double normEps,
        DropRates drops)
        implements ModelConfig {

    /** What tells the places of the last stage's tokens. */
    public enum PositionType {
        /** Padding of the convolutions does. */
        NONE,
        SINUSOID
    }

    public Vitae {
        stages = List.copyOf(stages);
        Checks.positive("classes", classes);
        Checks.rate("token_drop", tokenDrop);
        Checks.require(flavor == Flavor.OFFICIAL, "vitae has one flavour, official");
        Checks.require(!stages.isEmpty() && stages.get(0).reduces(), "the first stage must reduce the image to tokens");
        boolean embedded = stages.get(0).embeds();
        Checks.require(!embedded || classToken, "rc_tokens_type (embedding) needs class_token: true");
        Checks.require(!embedded || posEmbed == PositionType.NONE, "pos_embed: an embedding has learned positions");
        Checks.require(classToken || pool != Vit.TokenPool.CLS, "pool (cls) needs class_token: true");
        for (int i = 1; i < stages.size(); i++) {
            boolean cell = stages.get(i).reduces();
            Checks.require(
                    !cell || !stages.get(i).embeds(), "rc_tokens_type (embedding) can only be the first stage's");
            Checks.require(!cell || !embedded, "rc_tokens_type: behind an embedding with class token must be none");
            int before = stages.get(i - 1).tokenDim();
            int dim = stages.get(i).tokenDim();
            Checks.require(
                    cell || before == dim, "token_dims (%d, %d): without a cell between both are one", before, dim);
        }
    }

    static Optional<Vitae> read(Section s, Flavor flavor, ImageSpec image, int classes) {
        List<VitaeStage> stages = VitaeStage.read(s);
        boolean embedded = !stages.isEmpty() && stages.get(0).embeds();
        boolean shareWeights = s.boolAt("share_weights", false);
        boolean classToken = s.boolAt("class_token", false);
        PositionType posEmbed = s.enumAt("pos_embed", PositionType.class, PositionType.NONE);
        Vit.TokenPool standard = classToken && !embedded ? Vit.TokenPool.CLS : Vit.TokenPool.MEAN;
        Vit.TokenPool pool = s.enumAt("pool", Vit.TokenPool.class, standard);
        double tokenDrop = s.doubleAt("token_drop", 0.1);
        double eps = s.doubleAt("norm_eps", 1e-6);
        DropRates drops = DropRates.read(s);
        return s.build(() -> {
            var config = new Vitae(
                    flavor, image, classes, stages, shareWeights, classToken, posEmbed, pool, tokenDrop, eps, drops);
            config.build(); // grids that do not fit each other are refused here
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
        boolean token = false;
        for (int i = 0; i < stages.size(); i++) {
            VitaeStage stage = stages.get(i);
            Graph layer = g.scope("layers." + i);
            if (stage.reduces() && stage.embeds()) {
                height = image.height() / stage.ratio();
                width = image.width() / stage.ratio();
                token = true;
                x = embedding(layer.scope("RC"), x, stage); // [1 + T, D]
            } else if (stage.reduces()) {
                Tensor grid = i == 0 ? x : layer.reshape("grid", x, height, width, x.dim(1)); // [h, w, D]
                grid = stage.reduction(shareWeights, tokenDrop).build(layer.scope("RC"), grid); // [h', w', D']
                height = grid.dim(0);
                width = grid.dim(1);
                x = layer.reshape("tokens", grid, height * width, stage.tokenDim()); // [T, D]
            }
            if (i == stages.size() - 1 && !token) {
                x = placed(g, x, height, width); // [T, D] or [1 + T, D]
                token = classToken;
            }
            for (int j = 0; j < stage.depth(); j++) {
                NormalCell cell = stage.normal(token, normEps, drops, path(i, j));
                x = cell.build(layer.scope("NC." + j), x, height, width);
            }
        }
        g.output("logits", head(g, x));
        return g;
    }

    /** ViT's: patches, a class token, learned positions for both. */
    private Tensor embedding(Graph g, Tensor image, VitaeStage stage) {
        Tensor x =
                PatchEmbed.build(g.scope("PRM"), image, stage.ratio(), stage.ratio(), stage.tokenDim(), true); // [T, D]
        x = g.concat("tokens", 0, g.learnedTokens("cls_token", x, 1, Init.ZEROS), x); // [1 + T, D]
        PositionGrid grid =
                new PositionGrid(1, this.image.height() / stage.ratio(), this.image.width() / stage.ratio());
        return g.dropout("pos_drop", g.addPositions("pos_embed", x, Role.POSITION, Init.ZEROS, grid), drops.embed());
    }

    /** The paper's class token and positions, in front of the normal cells. */
    private Tensor placed(Graph g, Tensor x, int height, int width) {
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
     * Stochastic depth of cell {@code j} of stage {@code i}. The authors count the cells before from the stage before
     * alone, not from all of them.
     */
    private double path(int i, int j) {
        int all = stages.stream().mapToInt(VitaeStage::depth).sum();
        int before = i == 0 ? 0 : stages.get(i - 1).depth();
        return drops.path(before + j, all);
    }

    /** [T, D] -> [K] */
    private Tensor head(Graph g, Tensor x) {
        Tensor patches = classToken ? g.slice("patches", x, 0, 1, x.dim(0)) : x; // [T, D]
        Tensor pooled = pool == Vit.TokenPool.CLS
                ? g.reshape("cls", g.slice("cls_slice", x, 0, 0, 1), x.dim(1))
                : g.mean("pool", patches, 0); // [D]
        if (classToken) pooled = g.layerNorm("fc_norm", pooled, normEps); // the networks without one have no norm
        return g.dense("head", g.dropout("head_drop", pooled, drops.head()), classes); // [K]
    }

    @Override
    public CheckpointNames keys() {
        // The authors' linear attention owns a norm that it never uses.
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
