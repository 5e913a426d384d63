package org.vit4j.models;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.layers.BlockDefaults;
import org.vit4j.layers.ClassifierHead;
import org.vit4j.layers.ClassifierHead.HeadNorm;
import org.vit4j.layers.DropRates;
import org.vit4j.layers.ParallelBlock;
import org.vit4j.layers.PatchEmbed;
import org.vit4j.layers.PrefixTokens;
import org.vit4j.layers.ResNetV2;
import org.vit4j.layers.TokenPool;

/**
 * ViT: "An Image is Worth 16x16 Words", Dosovitskiy et al. 2021, arXiv:2010.11929. Reference:
 * huggingface/pytorch-image-models 0.9.16, {@code timm/models/vision_transformer.py}.
 *
 * <pre>
 * variant                      dim   depth  heads  parameters
 * vit_tiny_patch16_224, _384   192   12     3      5,717,416 / 5,790,376
 * vit_tiny_r_s16_p8_224, _384  192   12     3      6,337,704 / 6,355,944
 * vit_small_patch16_18x2_224   384   18     6      64,665,448
 * vit_small_patch16_224, _384  384   12     6      22,050,664 / 22,196,584
 * vit_small_patch16_36x1_224   384   36     6      64,665,448
 * vit_small_patch32_224, _384  384   12     6      22,878,952 / 22,915,432
 * vit_small_patch8_224         384   12     6      22,055,272
 * vit_small_r26_s32_224, _384  384   12     6      36,431,912 / 36,468,392
 * vit_base_patch16_18x2_224    768   18     12     256,731,880
 * vit_base_patch16_224, _384   768   12     12     86,567,656 / 86,859,496
 * vit_base_patch16_224_miil    768   12     12     86,540,008
 * vit_base_patch32_224, _384   768   12     12     88,224,232 / 88,297,192
 * vit_base_patch8_224          768   12     12     86,576,872
 * vit_base_r50_s16_224, _384   768   12     12     98,659,112 / 98,950,952
 * vit_large_patch14_224        1024  24     16     304,203,752
 * vit_large_patch16_224, _384  1024  24     16     304,326,632 / 304,715,752
 * vit_large_patch32_224, _384  1024  24     16     306,535,400 / 306,632,680
 * vit_large_r50_s32_224, _384  1024  24     16     328,994,856 / 329,092,136
 * vit_huge_patch14_224         1280  32     16     632,045,800
 * vit_giant_patch14_224        1408  40     16     1,012,611,432
 * vit_gigantic_patch14_224     1664  48     16     1,844,440,680
 * </pre>
 *
 * @param init initial values of layers
 */
public record Vit(
        ImageSpec image,
        int classes,
        Init.InitScheme init,
        VitEmbedding embedding,
        int depth,
        ParallelBlock block,
        ClassifierHead head,
        DropRates drops)
        implements ModelConfig {

    @Override
    public Graph build() {
        Graph g = new Graph(init);
        Tensor x = embedding.build(g, image.input(g), patches -> patches); // [1 + R + T, D]
        x = encode(g, x); // [1 + R + T, D]
        g.output("logits", head.build(g, x, classes)); // [K]
        return g;
    }

    /** Transformer blocks: [T, D] -> [T, D] */
    public Tensor encode(Graph g, Tensor x) {
        x = g.dropout("pos_drop", x, drops.embed()); // [T, D]
        if (embedding.preNorm())
            x = g.layerNorm("norm_pre", x, block.block().norm().eps()); // [T, D]
        for (int i = 0; i < depth; i++) {
            x = block.build(g.scope("blocks." + i), x, drops.path(i, depth)); // [T, D]
        }
        return x;
    }

    public Vit {
        Checks.positive("classes", classes);
        Checks.depth("depth", depth);
        int stride = embedding.resnet().map(ResNetV2::stride).orElse(1);
        embedding.patchEmbed().requireDivides(image.height(), image.width(), stride);
        boolean classToken = embedding.tokens().classToken();
        Checks.require(classToken || head.pool() != TokenPool.CLS, "pool (cls) needs class_token: true");
    }

    @Override
    public String arch() {
        return "vit";
    }

    /** Width of the tokens, D. */
    public int dim() {
        return embedding.patchEmbed().dim();
    }

    static Optional<Vit> read(Section s, ImageSpec image, int classes) {
        int dim = s.intAt("dim", 768);
        int depth = s.intAt("depth", 12);
        Init tokenInit = new Init.NormalInit(1e-6);
        Supplier<VitEmbedding> embedding = VitEmbedding.read(s, dim, tokenInit, new Init.TruncatedNormalInit(0.02));
        DropRates drops = DropRates.read(s);
        Supplier<ParallelBlock> block = ParallelBlock.read(s, dim, BlockDefaults.dividing(12, 4, true, 1e-6), drops);
        VitHead head = VitHead.read(s);
        return s.build(() -> {
            VitEmbedding embed = embedding.get();
            double eps = block.get().block().norm().eps();
            ClassifierHead classifier = head.build(embed.tokens().count(), eps, drops.head());
            return new Vit(image, classes, Init.TIMM, embed, depth, block.get(), classifier, drops);
        });
    }

    /**
     * Stem, patch embedding, prefix tokens and positions.
     *
     * @param resnet ResNet stem of hybrid models; patches are taken from its feature map
     * @param preNorm true for a norm before the blocks, as in CLIP; the patch embedding then has no bias
     */
    public record VitEmbedding(Optional<ResNetV2> resnet, PatchEmbed patchEmbed, PrefixTokens tokens, boolean preNorm) {

        /**
         * [H, W, C] -> [1 + R + T, D]
         *
         * @param prepend adds further tokens between the registers and the patches
         */
        public Tensor build(Graph g, Tensor image, UnaryOperator<Tensor> prepend) {
            Tensor x = resnet.isPresent()
                    ? resnet.get().build(g.scope("patch_embed.backbone"), image)
                    : image; // [h, w, C]
            Tensor patches = patchEmbed.build(g.scope("patch_embed"), x); // [T, D]
            return tokens.build(g, patches, patchEmbed.grid(0, x), prepend); // [1 + R + T, D]
        }

        /** Reads {@code resnet}, {@code patch_size}, {@code pre_norm} and the keys of {@link PrefixTokens}. */
        public static Supplier<VitEmbedding> read(Section s, int dim, Init tokenInit, Init positionInit) {
            Optional<ResNetV2> resnet = s.has("resnet") && !s.isOff("resnet") ? resnet(s) : Optional.empty();
            boolean preNorm = s.boolAt("pre_norm", false);
            Supplier<PatchEmbed> patchEmbed = PatchEmbed.read(s, dim, !preNorm);
            Supplier<PrefixTokens> tokens = PrefixTokens.read(s, tokenInit, positionInit);
            return () -> new VitEmbedding(resnet, patchEmbed.get(), tokens.get(), preNorm);
        }

        /** Reads {@code resnet: [3, 4, 9]}, the blocks of each stage; {@code []} is only the stem. */
        private static Optional<ResNetV2> resnet(Section s) {
            try {
                return Optional.of(new ResNetV2(s.intsAt("resnet", List.of())));
            } catch (IllegalArgumentException rule) {
                s.reject("resnet", rule.getMessage());
                return Optional.empty();
            }
        }
    }

    /** Keys of the head: pooling, and {@code fc_norm}, true if the final norm follows the pooling. */
    public record VitHead(TokenPool pool, boolean fcNorm) {
        public static VitHead read(Section s) {
            TokenPool pool = s.enumAt("pool", TokenPool.class, TokenPool.CLS);
            return new VitHead(pool, s.boolAt("fc_norm", pool == TokenPool.MEAN));
        }

        /** @param skipped number of tokens at the start that the mean omits */
        public ClassifierHead build(int skipped, double normEps, double drop) {
            return new ClassifierHead(pool, skipped, fcNorm ? HeadNorm.FC_NORM : HeadNorm.TOKENS, normEps, drop);
        }
    }
}
