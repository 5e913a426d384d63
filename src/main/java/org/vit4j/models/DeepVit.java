package org.vit4j.models;

import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import org.vit4j.checkpoint.names.CheckpointNames;
import org.vit4j.checkpoint.names.CheckpointNames.TensorForm;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.PositionGrid;
import org.vit4j.graph.Role;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;
import org.vit4j.layers.Attention;
import org.vit4j.layers.DropRates;
import org.vit4j.layers.Mlp;
import org.vit4j.layers.PatchEmbed;
import org.vit4j.layers.ReAttention;
import org.vit4j.layers.TokenPool;

/**
 * DeepViT: "DeepViT: Towards Deeper Vision Transformer", Zhou et al. 2021, arXiv:2103.11886. A ViT with {@link
 * ReAttention}, which mixes the attention maps of the heads.
 *
 * <p>official: zhoudaquan/dvit_repo, {@code models/deep_vision_transformer.py} and {@code models/layers.py}; community:
 * lucidrains/vit-pytorch 0.20.2, {@code deepvit.py}. They normalize the mixed maps differently, so weights are not
 * interchangeable.
 *
 * @param scale factor of the scores, 1/sqrt(headDim) if empty ({@code qk_scale})
 * @param reAttention for each block, true if it mixes its maps ({@code apply_transform}); the released S and L models
 *     have it only in their last blocks
 * @param transformScale true if mixed maps are multiplied by the scale of the scores again
 * @param scaleAdjustment a: the input of each norm is multiplied by a, each branch divided by a. Not in the paper;
 *     LayerNorm cancels the factor except for its epsilon
 */
public record DeepVit(
        Flavor flavor,
        ImageSpec image,
        int classes,
        int patchHeight,
        int patchWidth,
        DeepVitStem stem,
        int dim,
        int depth,
        int heads,
        int headDim,
        int mlpDim,
        boolean qkvBias,
        OptionalDouble scale,
        List<Boolean> reAttention,
        boolean transformScale,
        double scaleAdjustment,
        TokenPool pool,
        double normEps,
        DropRates drops)
        implements ModelConfig {

    /** Stem: patch embedding alone, or after two convolutions ({@code use_cnn_embed}). */
    public enum DeepVitStem {
        PATCH,
        CNN
    }

    public DeepVit {
        reAttention = List.copyOf(reAttention);
        Checks.positive("classes", classes);
        Checks.positive("patch_size", patchHeight, patchWidth);
        Checks.positive("dim", dim);
        Checks.positive("depth", depth);
        Checks.positive("heads", heads);
        Checks.positive("head_dim", headDim);
        Checks.positive("mlp_dim", mlpDim);
        Checks.divides("patch_size", patchHeight, "image height", image.height());
        Checks.divides("patch_size", patchWidth, "image width", image.width());
        Checks.require(
                reAttention.size() == depth,
                "re_attention (%d entries) must have one entry for each of the %d blocks (depth)",
                reAttention.size(),
                depth);
        Checks.positive("scale_adjustment", scaleAdjustment);
        if (stem == DeepVitStem.CNN) {
            // The convolutions halve the image, so patches of half the size are taken from it.
            Checks.divides("the stride of stem: cnn", 2, "patch_size", patchHeight);
            Checks.divides("the stride of stem: cnn", 2, "patch_size", patchWidth);
        }
        if (flavor == Flavor.COMMUNITY) {
            Checks.require(!transformScale, "transform_scale (true) is not supported by the community flavor");
        } else {
            Checks.require(
                    dim == heads * headDim,
                    "dim (%d) must be heads x head_dim (%d x %d) in the official flavor",
                    dim,
                    heads,
                    headDim);
            Checks.require(
                    pool == TokenPool.CLS,
                    "pool (mean) is not supported by the official flavor, which reads the class token");
        }
    }

    static Optional<DeepVit> read(Section s, Flavor flavor, ImageSpec image, int classes) {
        boolean authors = flavor == Flavor.OFFICIAL;
        int[] patch = s.heightWidthAt("patch_size", 16);
        DeepVitStem stem = s.enumAt("stem", DeepVitStem.class, DeepVitStem.PATCH);
        int dim = s.intAt("dim", authors ? 768 : 1024);
        int depth = s.intAt("depth", authors ? 12 : 6);
        int heads = s.intAt("heads", authors ? 12 : 16);
        if (authors && heads > 0 && dim % heads != 0) {
            s.reject("heads", String.format(Locale.ROOT, "dim (%d) must be a multiple of heads (%d)", dim, heads));
        }
        int headDim = s.intAt("head_dim", authors ? dim / Math.max(heads, 1) : 64);
        int mlpDim = s.has("mlp_dim") ? s.intAt("mlp_dim") : (int) (dim * s.doubleAt("mlp_ratio", authors ? 4 : 2));
        boolean qkvBias = s.boolAt("qkv_bias", false);
        OptionalDouble scale = s.optionalDouble("qk_scale");
        List<Boolean> reAttention = s.boolsAt("re_attention", Collections.nCopies(Math.max(depth, 0), true));
        boolean transformScale = s.boolAt("transform_scale", false);
        double adjustment = s.doubleAt("scale_adjustment", 1);
        TokenPool pool = s.enumAt("pool", TokenPool.class, TokenPool.CLS);
        double eps = s.doubleAt("norm_eps", authors ? 1e-6 : 1e-5);
        DropRates drops = DropRates.read(s);
        return s.build(() -> new DeepVit(
                flavor,
                image,
                classes,
                patch[0],
                patch[1],
                stem,
                dim,
                depth,
                heads,
                headDim,
                mlpDim,
                qkvBias,
                scale,
                reAttention,
                transformScale,
                adjustment,
                pool,
                eps,
                drops));
    }

    @Override
    public String arch() {
        return "deepvit";
    }

    @Override
    public Graph build() {
        boolean authors = flavor == Flavor.OFFICIAL;
        Graph g = new Graph(authors ? Init.TIMM : Init.PYTORCH);
        Init learned = authors ? new Init.TruncatedNormalInit(0.02) : new Init.NormalInit(1);

        Tensor x = g.input("image", image.height(), image.width(), image.channels()); // [H, W, C]
        x = embed(g.scope("patch_embed"), x); // [T, D]
        x = g.concat("tokens", 0, g.learnedTokens("cls_token", x, 1, learned), x); // [1 + T, D]
        PositionGrid grid = new PositionGrid(1, image.height() / patchHeight, image.width() / patchWidth);
        x = g.addPositions("pos_embed", x, Role.POSITION, learned, grid);
        x = g.dropout("pos_drop", x, drops.embed());
        for (int i = 0; i < depth; i++) {
            x = block(g.scope("blocks." + i), x, reAttention.get(i), drops.path(i, depth)); // [1 + T, D]
        }
        Tensor pooled = pool == TokenPool.CLS
                ? g.reshape("cls_flat", g.slice("cls", x, 0, 0, 1), dim)
                : g.mean("pool", x, 0); // [D]
        pooled = g.layerNorm("norm", pooled, normEps);
        g.output("logits", g.dense("head", g.dropout("head_drop", pooled, drops.head()), classes)); // [K]
        return g;
    }

    /** [H, W, C] -> [T, D] */
    private Tensor embed(Graph g, Tensor x) {
        if (stem == DeepVitStem.PATCH) return new PatchEmbed(patchHeight, patchWidth, dim, true).build(g, x);
        x = convBnRelu(g, "1", x, Window.square(7, 2, 3)); // [H/2, W/2, 64]
        x = convBnRelu(g, "2", x, Window.square(3, 1, 1)); // [H/2, W/2, 64]
        return new PatchEmbed(patchHeight / 2, patchWidth / 2, dim, true).build(g, x);
    }

    private static Tensor convBnRelu(Graph g, String number, Tensor x, Window window) {
        Tensor y = g.batchNorm("bn" + number, g.conv2d("conv" + number, x, 64, window, 1, false), 1e-5);
        return g.activate("relu" + number, y, Activation.RELU);
    }

    /** Pre-norm: x + attn(LN(a x)) / a, then x + mlp(LN(a x)) / a. */
    private Tensor block(Graph g, Tensor x, boolean mixesHeads, double path) {
        Graph a = g.scope("attn");
        double scores = scale.orElse(1 / Math.sqrt(headDim));
        // Unlike vit-pytorch's ViT, its DeepViT always has an output projection.
        var attention = new Attention(
                heads, headDim, scores, qkvBias, OptionalDouble.empty(), true, drops.attn(), drops.proj());
        Tensor y = g.layerNorm("norm1", scaled(g, "adjust1", x, scaleAdjustment), normEps);
        y = attention.build(a, y, maps -> mixesHeads ? reAttention(a, maps, scores) : maps); // [T, D]
        y = scaled(g, "readjust1", y, 1 / scaleAdjustment);
        x = g.add("add1", x, g.dropPath("drop_path1", y, path));

        y = g.layerNorm("norm2", scaled(g, "adjust2", x, scaleAdjustment), normEps);
        y = new Mlp(mlpDim, Activation.GELU, drops.proj()).build(g.scope("mlp"), y); // [T, D]
        y = scaled(g, "readjust2", y, 1 / scaleAdjustment);
        return g.add("add2", x, g.dropPath("drop_path2", y, path));
    }

    private Tensor reAttention(Graph g, Tensor maps, double scores) {
        return flavor == Flavor.COMMUNITY
                ? ReAttention.overHeads(g, maps)
                : ReAttention.overBatch(g, maps, transformScale ? scores : 1);
    }

    private static Tensor scaled(Graph g, String name, Tensor x, double factor) {
        return factor == 1 ? x : g.scale(name, x, factor);
    }

    @Override
    public CheckpointNames keys() {
        return switch (flavor) {
            case OFFICIAL -> CheckpointNames.SAME.shaped(TensorForm.PIXEL, "blocks.{i}.attn.reatten_matrix.kernel");
            case COMMUNITY ->
                CheckpointNames.of(
                                "patch_embed.proj", "to_patch_embedding.1",
                                "pos_embed", "pos_embedding",
                                "blocks.{i}.norm1", "transformer.layers.{i}.0.fn.norm",
                                "blocks.{i}.attn.qkv", "transformer.layers.{i}.0.fn.fn.to_qkv",
                                "blocks.{i}.attn.reatten_matrix.kernel",
                                        "transformer.layers.{i}.0.fn.fn.reattn_weights",
                                "blocks.{i}.attn.reattn_norm", "transformer.layers.{i}.0.fn.fn.reattn_norm.1",
                                "blocks.{i}.attn.proj", "transformer.layers.{i}.0.fn.fn.to_out.0",
                                "blocks.{i}.norm2", "transformer.layers.{i}.1.fn.norm",
                                "blocks.{i}.mlp.fc1", "transformer.layers.{i}.1.fn.fn.net.0",
                                "blocks.{i}.mlp.fc2", "transformer.layers.{i}.1.fn.fn.net.3",
                                "norm", "mlp_head.0",
                                "head", "mlp_head.1")
                        .shaped(TensorForm.PATCHES, "patch_embed.proj.kernel");
        };
    }
}
