package org.vit4j.models;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Role;
import org.vit4j.graph.Tensor;
import org.vit4j.layers.AttentionHeads;
import org.vit4j.layers.BlockDefaults;
import org.vit4j.layers.DropRates;
import org.vit4j.layers.LayerScaleBlock;
import org.vit4j.layers.LayerScaleBlock.LayerIndex;
import org.vit4j.layers.Mlp;
import org.vit4j.layers.PatchEmbed;
import org.vit4j.layers.PreNorm;
import org.vit4j.layers.TalkingHeads;
import org.vit4j.layers.TalkingHeads.Mixing;
import org.vit4j.layers.TalkingHeads.Products;
import org.vit4j.layers.TokenPool;

/**
 * CaiT: "Going deeper with Image Transformers", Touvron et al. 2021, arXiv:2103.17239. The first blocks apply
 * self-attention to the patches without a class token; the last blocks update only the class token, which attends to
 * the patches. Layer scale on each branch allows deep networks. Reference: huggingface/pytorch-image-models 0.9.16,
 * {@code timm/models/cait.py} (the same numbers as facebookresearch/deit, {@code cait_models.py}).
 *
 * <pre>
 * variant                   dim  depth  heads  parameters
 * cait_xxs24_224, _384      192  24     4      11,956,264 / 12,029,224
 * cait_xxs36_224, _384      192  36     4      17,299,720 / 17,372,680
 * cait_xs24_224, _384       288  24     6      26,560,648 / 26,670,088
 * cait_xs36_224, _384       288  36     6      38,557,432 / 38,666,872
 * cait_s24_224, _384        384  24     8      46,916,200 / 47,062,120
 * cait_s36_224, _384        384  36     8      68,220,712 / 68,366,632
 * cait_s48_224, _384        384  48     8      89,525,224 / 89,671,144
 * cait_m24_224, _384        768  24     16     185,850,088 / 186,141,928
 * cait_m36_224, _384, _448  768  36     16     270,929,512 / 271,221,352 / 271,381,096
 * cait_m48_448              768  48     16     356,460,520
 * </pre>
 *
 * @param learned initial values of class token and positions
 */
public record Cait(
        ImageSpec image,
        int classes,
        Init.InitScheme init,
        PatchEmbed patchEmbed,
        Init learned,
        CaitStack patchBlocks,
        CaitStack classBlocks,
        CaitHead head,
        double posDrop)
        implements ModelConfig {

    @Override
    public Graph build() {
        Graph g = new Graph(init);
        Tensor pixels = image.input(g); // [H, W, C]
        Tensor x = patchEmbed.build(g.scope("patch_embed"), pixels); // [T, D]
        x = g.addPositions("pos_embed", x, Role.POSITION, learned, patchEmbed.grid(0, pixels)); // [T, D]
        x = g.dropout("pos_drop", x, posDrop); // [T, D]
        for (int i = 0; i < patchBlocks.depth(); i++) {
            x = patchBlocks.block(i).build(patchBlocks.scope(g, i), x, patchBlocks.index(i)); // [T, D]
        }
        Tensor cls = g.learnedTokens("cls_token", x, 1, learned); // [1, D]
        for (int i = 0; i < classBlocks.depth(); i++) {
            cls = classBlocks.block(i).build(classBlocks.scope(g, i), cls, x, classBlocks.index(i)); // [1, D]
        }
        g.output("logits", head.build(g, cls, x, classes)); // [K]
        return g;
    }

    public Cait {
        Checks.positive("classes", classes);
        patchEmbed.requireDivides(image.height(), image.width(), 1);
    }

    @Override
    public String arch() {
        return "cait";
    }

    static Optional<Cait> read(Section s, ImageSpec image, int classes) {
        int dim = s.intAt("dim", 768);
        Supplier<PatchEmbed> patchEmbed = PatchEmbed.read(s, dim, true);
        int depth = s.intAt("depth", 12);
        int classDepth = s.intAt("class_depth", 2);
        Supplier<AttentionHeads> heads = AttentionHeads.read(s, dim, BlockDefaults.dividing(12, 4, true, 1e-6));
        int hidden = Mlp.readHidden(s, dim, 4);
        int classHidden = readClassHidden(s, dim, 4 * dim);
        boolean qkvBias = s.boolAt("qkv_bias", true);
        double layerScale = s.optionalDouble("layer_scale").orElse(1e-4);
        TokenPool pool = s.enumAt("pool", TokenPool.class, TokenPool.CLS);
        double eps = s.doubleAt("norm_eps", 1e-6);
        double layerDropout = s.doubleAt("layer_dropout", 0);
        DropRates drops = DropRates.read(s);
        return s.build(() -> {
            PatchEmbed embed = patchEmbed.get();
            checkSizes(depth, classDepth, hidden, classHidden, layerDropout);
            PreNorm norm = PreNorm.scaled(eps, layerScale);
            var mixing = new Mixing(true, new Init.TruncatedNormalInit(0.02));
            // As in the paper, all blocks have the same stochastic depth rate; in ViT and DeiT it grows.
            var attention = new TalkingHeads(
                    heads.get(), Products.QKV, qkvBias, Optional.of(mixing), drops.attn(), drops.proj());
            var mlp = new Mlp(hidden, Activation.GELU, drops.proj());
            var block = new LayerScaleBlock(attention, mlp, norm, false, drops.path());
            // timm has no talking heads and no dropout in class attention and normalizes the patches with the token.
            var classAttention = new TalkingHeads(heads.get(), Products.Q_K_V, qkvBias, Optional.empty(), 0, 0);
            var classMlp = new Mlp(classHidden, Activation.GELU, 0);
            var classBlock = new LayerScaleBlock(classAttention, classMlp, norm, true, 0);
            return new Cait(
                    image,
                    classes,
                    Init.TIMM,
                    embed,
                    new Init.TruncatedNormalInit(0.02),
                    new CaitStack("blocks", Collections.nCopies(depth, block), layerDropout),
                    new CaitStack("blocks_token_only", Collections.nCopies(classDepth, classBlock), layerDropout),
                    new CaitHead(pool, eps, drops.head()),
                    drops.embed());
        });
    }

    /** Reads {@code class_mlp_dim}, or {@code class_mlp_ratio} times the width of the tokens. */
    public static int readClassHidden(Section s, int dim, int fallback) {
        int hidden = s.has("class_mlp_ratio") ? (int) (dim * s.doubleAt("class_mlp_ratio")) : fallback;
        return s.intAt("class_mlp_dim", hidden);
    }

    /** Checks the numbers of blocks, the hidden widths and the layer dropout. */
    public static void checkSizes(int depth, int classDepth, int hidden, int classHidden, double layerDropout) {
        Checks.depth("depth", depth);
        Checks.depth("class_depth", classDepth);
        Checks.positive("mlp_dim", hidden);
        Checks.positive("class_mlp_dim", classHidden);
        Checks.rate("layer_dropout", layerDropout);
    }

    /**
     * Stack of blocks.
     *
     * @param layerDropout probability that a block is dropped in a training step
     */
    public record CaitStack(String name, List<LayerScaleBlock> blocks, double layerDropout) {
        public CaitStack {
            blocks = List.copyOf(blocks);
        }

        int depth() {
            return blocks.size();
        }

        LayerScaleBlock block(int i) {
            return blocks.get(i);
        }

        Graph scope(Graph g, int i) {
            return g.scope(name + "." + i);
        }

        LayerIndex index(int i) {
            return new LayerIndex(name, i, depth(), layerDropout);
        }
    }

    /**
     * Classifier.
     *
     * @param pool with {@link TokenPool#MEAN} over the patches, the class attention blocks have no effect
     */
    public record CaitHead(TokenPool pool, double normEps, double drop) {
        /** [1, D], [T, D] -> [K]. A norm applies to each token alone, so only the pooled tokens need it. */
        Tensor build(Graph g, Tensor cls, Tensor x, int classes) {
            Tensor normed = g.layerNorm("norm", pool == TokenPool.CLS ? cls : x, normEps); // [1, D] or [T, D]
            Tensor pooled =
                    pool == TokenPool.CLS ? g.reshape("cls_flat", normed, x.dim(1)) : g.mean("pool", normed, 0); // [D]
            return g.dense("head", g.dropout("head_drop", pooled, drop), classes); // [K]
        }
    }
}
