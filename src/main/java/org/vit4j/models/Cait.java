package org.vit4j.models;

import java.util.ArrayList;
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
import org.vit4j.layers.DropRates;
import org.vit4j.layers.LayerScaleBlock;
import org.vit4j.layers.Mlp;
import org.vit4j.layers.PatchEmbed;
import org.vit4j.layers.TalkingHeads;
import org.vit4j.layers.TalkingHeads.Mixing;
import org.vit4j.layers.TalkingHeads.Products;
import org.vit4j.layers.TokenPool;

/**
 * CaiT: "Going deeper with Image Transformers", Touvron et al. 2021, arXiv:2103.17239. The first blocks apply
 * self-attention to the patches without a class token; the last blocks update only the class token, which attends to
 * the patches. Layer scale on each branch allows deep networks.
 *
 * <p>official: huggingface/pytorch-image-models 0.9.16, {@code timm/models/cait.py} (the same numbers as
 * facebookresearch/deit, {@code cait_models.py}); community: lucidrains/vit-pytorch 0.20.2, {@code cait.py}.
 *
 * @param headDim width of a head; always dim / heads in timm
 * @param classDepth number of class attention blocks at the end (timm's {@code depth_token_only})
 * @param classMlpDim hidden width of the MLP in the class attention blocks
 * @param layerScale initial value of the layer scales; if empty it depends on the block, see {@link #scaleAt}
 * @param pool with {@link TokenPool#MEAN} over the patches, the class attention blocks have no effect
 * @param layerDropout probability that a block is dropped in a training step
 */
public record Cait(
        Flavor flavor,
        ImageSpec image,
        int classes,
        int patchHeight,
        int patchWidth,
        int dim,
        int depth,
        int classDepth,
        int heads,
        int headDim,
        int mlpDim,
        int classMlpDim,
        boolean qkvBias,
        OptionalDouble layerScale,
        TokenPool pool,
        double normEps,
        double layerDropout,
        DropRates drops)
        implements ModelConfig {

    public Cait {
        Checks.positive("classes", classes);
        Checks.positive("patch_size", patchHeight, patchWidth);
        Checks.positive("dim", dim);
        Checks.positive("depth", depth);
        Checks.positive("class_depth", classDepth);
        Checks.positive("heads", heads);
        Checks.positive("head_dim", headDim);
        Checks.positive("mlp_dim", mlpDim);
        Checks.positive("class_mlp_dim", classMlpDim);
        Checks.divides("patch_size", patchHeight, "image height", image.height());
        Checks.divides("patch_size", patchWidth, "image width", image.width());
        Checks.rate("layer_dropout", layerDropout);
        Checks.require(
                flavor == Flavor.COMMUNITY || dim == heads * headDim,
                "dim (%d) must be heads x head_dim (%d x %d) in the official flavor",
                dim,
                heads,
                headDim);
        Checks.require(
                flavor == Flavor.OFFICIAL || pool == TokenPool.CLS,
                "pool (mean) is not supported by the community flavor, whose head reads the class token");
    }

    static Optional<Cait> read(Section s, Flavor flavor, ImageSpec image, int classes) {
        boolean timm = flavor == Flavor.OFFICIAL;
        int[] patch = s.heightWidthAt("patch_size", 16);
        int dim = s.intAt("dim", timm ? 768 : 1024);
        int depth = s.intAt("depth", 12);
        int classDepth = s.intAt("class_depth", 2);
        int heads = s.intAt("heads", timm ? 12 : 16);
        if (timm && heads > 0 && dim % heads != 0) {
            s.reject("heads", String.format(Locale.ROOT, "dim (%d) must be a multiple of heads (%d)", dim, heads));
        }
        int headDim = s.intAt("head_dim", timm ? dim / Math.max(heads, 1) : 64);
        int mlpDim = s.has("mlp_dim") ? s.intAt("mlp_dim") : (int) (dim * s.doubleAt("mlp_ratio", timm ? 4 : 2));
        int classMlp = s.has("class_mlp_ratio") ? (int) (dim * s.doubleAt("class_mlp_ratio")) : timm ? 4 * dim : mlpDim;
        int classMlpDim = s.intAt("class_mlp_dim", classMlp);
        boolean qkvBias = s.boolAt("qkv_bias", timm);
        OptionalDouble layerScale = s.optionalDouble("layer_scale");
        if (timm && layerScale.isEmpty()) layerScale = OptionalDouble.of(1e-4);
        OptionalDouble scale = layerScale;
        TokenPool pool = s.enumAt("pool", TokenPool.class, TokenPool.CLS);
        double eps = s.doubleAt("norm_eps", timm ? 1e-6 : 1e-5);
        double layerDropout = s.doubleAt("layer_dropout", 0);
        DropRates drops = DropRates.read(s);
        return s.build(() -> new Cait(
                flavor,
                image,
                classes,
                patch[0],
                patch[1],
                dim,
                depth,
                classDepth,
                heads,
                headDim,
                mlpDim,
                classMlpDim,
                qkvBias,
                scale,
                pool,
                eps,
                layerDropout,
                drops));
    }

    @Override
    public String arch() {
        return "cait";
    }

    @Override
    public Graph build() {
        boolean timm = flavor == Flavor.OFFICIAL;
        Graph g = new Graph(timm ? Init.TIMM : Init.PYTORCH);
        Init init = timm ? new Init.TruncatedNormalInit(0.02) : new Init.NormalInit(1);

        Tensor x = g.input("image", image.height(), image.width(), image.channels()); // [H, W, C]
        x = new PatchEmbed(patchHeight, patchWidth, dim, true).build(g.scope("patch_embed"), x); // [T, D]
        PositionGrid grid = new PositionGrid(0, image.height() / patchHeight, image.width() / patchWidth);
        x = g.addPositions("pos_embed", x, Role.POSITION, init, grid); // [T, D]
        x = g.dropout("pos_drop", x, drops.embed());
        for (int i = 0; i < depth; i++) {
            x = patchBlock(i).build(g.scope("blocks." + i), x, layer("blocks", i, depth)); // [T, D]
        }
        Tensor cls = g.learnedTokens("cls_token", x, 1, init); // [1, D]
        for (int i = 0; i < classDepth; i++) {
            Graph b = g.scope("blocks_token_only." + i);
            cls = classBlock(i).build(b, cls, x, layer("blocks_token_only", i, classDepth)); // [1, D]
        }
        g.output("logits", head(g, cls, x));
        return g;
    }

    private LayerScaleBlock patchBlock(int i) {
        // As in the paper, all blocks have the same stochastic depth rate; in ViT and DeiT it grows.
        Products products = flavor == Flavor.OFFICIAL ? Products.QKV : Products.Q_KV;
        var attention =
                new TalkingHeads(heads, headDim, products, qkvBias, Optional.of(mixing()), drops.attn(), drops.proj());
        var mlp = new Mlp(mlpDim, Activation.GELU, drops.proj());
        return new LayerScaleBlock(attention, mlp, scaleAt(i), false, normEps, drops.path());
    }

    /**
     * Class attention block. timm has no talking heads and no dropout in it and, as in the paper, normalizes the
     * patches together with the class token; vit-pytorch builds it like the other blocks and does not normalize the
     * patches.
     */
    private LayerScaleBlock classBlock(int i) {
        if (flavor == Flavor.OFFICIAL) {
            var attention = new TalkingHeads(heads, headDim, Products.Q_K_V, qkvBias, Optional.empty(), 0, 0);
            var mlp = new Mlp(classMlpDim, Activation.GELU, 0);
            return new LayerScaleBlock(attention, mlp, scaleAt(i), true, normEps, 0);
        }
        var attention = new TalkingHeads(
                heads, headDim, Products.Q_KV, qkvBias, Optional.of(mixing()), drops.attn(), drops.proj());
        var mlp = new Mlp(classMlpDim, Activation.GELU, drops.proj());
        return new LayerScaleBlock(attention, mlp, scaleAt(i), false, normEps, drops.path());
    }

    /** Talking heads: a linear layer in timm, a matrix without bias in vit-pytorch. */
    private Mixing mixing() {
        return flavor == Flavor.OFFICIAL
                ? new Mixing(true, new Init.TruncatedNormalInit(0.02))
                : new Mixing(false, new Init.NormalInit(1));
    }

    /**
     * Initial layer scale of block {@code i}, counted separately for patch and class blocks as in vit-pytorch. The
     * paper (section 2) applies the same bounds to the depth of the network and uses one value for all its blocks.
     */
    private double scaleAt(int i) {
        return layerScale.orElse(i < 18 ? 0.1 : i < 24 ? 1e-5 : 1e-6);
    }

    /** Layer dropout. vit-pytorch 0.20.2 also drops blocks in evaluation, by mistake; here it is for training only. */
    private LayerScaleBlock.LayerIndex layer(String stack, int i, int count) {
        return new LayerScaleBlock.LayerIndex(stack, i, count, layerDropout);
    }

    /** [1, D], [T, D] -> [K] */
    private Tensor head(Graph g, Tensor cls, Tensor x) {
        // LN is applied per token, so only the pooled tokens need it.
        Tensor normed = g.layerNorm("norm", pool == TokenPool.CLS ? cls : x, normEps); // [1, D] or [T, D]
        Tensor pooled = pool == TokenPool.CLS ? g.reshape("cls_flat", normed, dim) : g.mean("pool", normed, 0); // [D]
        return g.dense("head", g.dropout("head_drop", pooled, drops.head()), classes); // [K]
    }

    @Override
    public CheckpointNames keys() {
        return switch (flavor) {
            case OFFICIAL ->
                CheckpointNames.of(
                        "blocks.{i}.ls1.gamma", "blocks.{i}.gamma_1",
                        "blocks.{i}.ls2.gamma", "blocks.{i}.gamma_2",
                        "blocks_token_only.{i}.ls1.gamma", "blocks_token_only.{i}.gamma_1",
                        "blocks_token_only.{i}.ls2.gamma", "blocks_token_only.{i}.gamma_2");
            case COMMUNITY -> {
                List<String> pairs = new ArrayList<>(List.of(
                        "patch_embed.proj", "to_patch_embedding.1",
                        "pos_embed", "pos_embedding",
                        "norm", "mlp_head.0",
                        "head", "mlp_head.1"));
                pairs.addAll(vitPytorchNames("blocks.{i}.", "patch_transformer.layers.{i}."));
                pairs.addAll(vitPytorchNames("blocks_token_only.{i}.", "cls_transformer.layers.{i}."));
                yield CheckpointNames.of(pairs.toArray(String[]::new))
                        .shaped(TensorForm.PATCHES, "patch_embed.proj.kernel")
                        .shaped(TensorForm.TOKENS, "*.ls{i}.gamma");
            }
        };
    }

    /** Names in vit-pytorch, where both stacks have the same layer names. */
    private static List<String> vitPytorchNames(String block, String layer) {
        return List.of(
                block + "ls1.gamma", layer + "0.scale",
                block + "norm1", layer + "0.fn.norm",
                block + "attn.q", layer + "0.fn.fn.to_q",
                block + "attn.kv", layer + "0.fn.fn.to_kv",
                block + "attn.proj_l.kernel", layer + "0.fn.fn.mix_heads_pre_attn",
                block + "attn.proj_w.kernel", layer + "0.fn.fn.mix_heads_post_attn",
                block + "attn.proj", layer + "0.fn.fn.to_out.0",
                block + "ls2.gamma", layer + "1.scale",
                block + "norm2", layer + "1.fn.norm",
                block + "mlp.fc1", layer + "1.fn.fn.net.0",
                block + "mlp.fc2", layer + "1.fn.fn.net.3");
    }
}
