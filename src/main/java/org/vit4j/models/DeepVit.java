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
import org.vit4j.graph.Window;
import org.vit4j.layers.BlockDefaults;
import org.vit4j.layers.ClassToken;
import org.vit4j.layers.ClassifierHead;
import org.vit4j.layers.ClassifierHead.HeadNorm;
import org.vit4j.layers.DropRates;
import org.vit4j.layers.PatchEmbed;
import org.vit4j.layers.ReAttention;
import org.vit4j.layers.ReAttention.BatchReAttention;
import org.vit4j.layers.ReAttentionBlock;
import org.vit4j.layers.TokenPool;

/**
 * DeepViT: "DeepViT: Towards Deeper Vision Transformer", Zhou et al. 2021, arXiv:2103.11886. A ViT with {@link
 * ReAttention}, which mixes the attention maps of the heads. Reference: zhoudaquan/dvit_repo, {@code
 * models/deep_vision_transformer.py} and {@code models/layers.py}.
 *
 * <pre>
 * variant                          dim  depth  heads  parameters
 * deepvit_patch16_224_re_attn_16b  384  16     12     24,426,664
 * deepvit_patch16_224_re_attn_24b  384  24     12     36,261,448
 * deepvit_patch16_224_re_attn_32b  384  32     12     48,096,232
 * deepvit_S                        396  16     12     27,312,632
 * deepvit_L                        420  32     12     58,883,708
 * deepvit_L_384                    420  32     12     59,043,308
 * </pre>
 *
 * @param reAttention for each block, true if it mixes its maps ({@code apply_transform}); the released S and L models
 *     have it only in their last blocks
 */
public record DeepVit(
        ImageSpec image,
        int classes,
        Init.InitScheme init,
        DeepVitEmbedding embedding,
        List<Boolean> reAttention,
        ReAttentionBlock block,
        ClassifierHead head,
        DropRates drops)
        implements ModelConfig {

    @Override
    public Graph build() {
        Graph g = new Graph(init);
        Tensor x = embedding.build(g, image.input(g)); // [1 + T, D]
        x = g.dropout("pos_drop", x, drops.embed()); // [1 + T, D]
        int depth = reAttention.size();
        for (int i = 0; i < depth; i++) {
            x = block.build(g.scope("blocks." + i), x, reAttention.get(i), drops.path(i, depth)); // [1 + T, D]
        }
        g.output("logits", head.build(g, x, classes)); // [K]
        return g;
    }

    public DeepVit {
        reAttention = List.copyOf(reAttention);
        Checks.positive("classes", classes);
        embedding.requireDivides(image);
    }

    @Override
    public String arch() {
        return "deepvit";
    }

    static Optional<DeepVit> read(Section s, ImageSpec image, int classes) {
        int dim = s.intAt("dim", 768);
        Supplier<DeepVitEmbedding> embedding = DeepVitEmbedding.read(s, dim, new Init.TruncatedNormalInit(0.02));
        Supplier<List<Boolean>> reAttention = readReAttention(s, 12);
        boolean transformScale = s.boolAt("transform_scale", false);
        TokenPool pool = s.enumAt("pool", TokenPool.class, TokenPool.CLS);
        DropRates drops = DropRates.read(s);
        Supplier<ReAttentionBlock> block = ReAttentionBlock.read(
                s,
                dim,
                BlockDefaults.dividing(12, 4, false, 1e-6),
                drops,
                scores -> new BatchReAttention(transformScale ? scores : 1));
        return s.build(() -> {
            Checks.require(
                    pool == TokenPool.CLS,
                    "pool (mean) is not supported by the official flavor, which reads the class token");
            DeepVitEmbedding embed = embedding.get();
            double eps = block.get().block().norm().eps();
            var head = new ClassifierHead(pool, 0, HeadNorm.POOLED, eps, drops.head());
            return new DeepVit(image, classes, Init.TIMM, embed, reAttention.get(), block.get(), head, drops);
        });
    }

    /** Reads {@code depth} and {@code re_attention}, one entry per block. */
    public static Supplier<List<Boolean>> readReAttention(Section s, int defaultDepth) {
        int depth = s.intAt("depth", defaultDepth);
        List<Boolean> mixing = s.boolsAt("re_attention", Collections.nCopies(Math.max(depth, 0), true));
        return () -> {
            Checks.depth("depth", depth);
            Checks.require(
                    mixing.size() == depth,
                    "re_attention (%d entries) must have one entry for each of the %d blocks (depth)",
                    mixing.size(),
                    depth);
            return mixing;
        };
    }

    /**
     * Patch embedding, alone or after two convolutions, class token and positions.
     *
     * @param convolutions true for the convolutions ({@code stem: cnn}), which halve the image
     * @param patchEmbed patches of the image; with the convolutions, those of half the size are taken from their output
     * @param learned initial values of class token and positions
     */
    public record DeepVitEmbedding(boolean convolutions, PatchEmbed patchEmbed, Init learned) {
        /** Values of the key {@code stem}. */
        private enum DeepVitStem {
            PATCH,
            CNN
        }

        /** [H, W, C] -> [1 + T, D] */
        Tensor build(Graph g, Tensor image) {
            Tensor x = patches(g.scope("patch_embed"), image); // [T, D]
            x = ClassToken.prepend(g, x, learned); // [1 + T, D]
            return g.addPositions("pos_embed", x, Role.POSITION, learned, patchEmbed.grid(1, image)); // [1 + T, D]
        }

        private Tensor patches(Graph g, Tensor image) {
            if (!convolutions) return patchEmbed.build(g, image); // [T, D]
            Tensor x = convBnRelu(g, "1", image, Window.square(7, 2, 3)); // [H/2, W/2, 64]
            x = convBnRelu(g, "2", x, Window.square(3, 1, 1)); // [H/2, W/2, 64]
            return new PatchEmbed(patchEmbed.patchHeight() / 2, patchEmbed.patchWidth() / 2, patchEmbed.dim(), true)
                    .build(g, x); // [T, D]
        }

        private static Tensor convBnRelu(Graph g, String number, Tensor x, Window window) {
            Tensor y = g.conv2d("conv" + number, x, 64, window, 1, false); // [H', W', 64]
            return g.activate("relu" + number, g.batchNorm("bn" + number, y, 1e-5), Activation.RELU); // [H', W', 64]
        }

        private void requireDivides(ImageSpec image) {
            patchEmbed.requireDivides(image.height(), image.width(), 1);
            if (!convolutions) return;
            Checks.divides("the stride of stem: cnn", 2, "patch_size", patchEmbed.patchHeight());
            Checks.divides("the stride of stem: cnn", 2, "patch_size", patchEmbed.patchWidth());
        }

        /** Reads {@code stem} and {@code patch_size}. */
        public static Supplier<DeepVitEmbedding> read(Section s, int dim, Init learned) {
            Supplier<PatchEmbed> patchEmbed = PatchEmbed.read(s, dim, true);
            DeepVitStem stem = s.enumAt("stem", DeepVitStem.class, DeepVitStem.PATCH);
            return () -> new DeepVitEmbedding(stem == DeepVitStem.CNN, patchEmbed.get(), learned);
        }
    }
}
