package org.vit4j.models;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
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
import org.vit4j.layers.CrossAttention;
import org.vit4j.layers.CrossTransformer;
import org.vit4j.layers.DropRates;
import org.vit4j.layers.Mlp;
import org.vit4j.layers.MultiScaleBlock;
import org.vit4j.layers.PatchEmbed;
import org.vit4j.layers.TokenPool;

/**
 * CrossViT: "Cross-Attention Multi-Scale Vision Transformer for Image Classification", Chen, Fan and Panda 2021,
 * arXiv:2103.14899. Two branches process small and large patches of the image and exchange information through their
 * class tokens.
 *
 * <p>official: huggingface/pytorch-image-models 0.9.16, {@code timm/models/crossvit.py}, after IBM/CrossViT; community:
 * lucidrains/vit-pytorch 0.20.2, {@code cross_vit.py}, a different network, see {@link CrossTransformer}.
 *
 * <p>Lists of two have one entry per branch, small patches first.
 *
 * @param imageScale scale of the image in each branch; the network resizes it bicubically
 * @param cropScale true to crop the center instead of resizing
 * @param multiConv true for a patch embedding of three convolutions (the paper's dagger variants)
 * @param depth for each stage: number of blocks of both branches, number of cross-attention blocks
 * @param headDim width of a head; always dim / heads in timm
 * @param crossHeads heads of the community's cross-attention; timm uses the heads of the attended branch
 */
public record CrossVit(
        Flavor flavor,
        ImageSpec image,
        int classes,
        List<Double> imageScale,
        boolean cropScale,
        List<Integer> patchSize,
        boolean multiConv,
        List<Integer> dim,
        List<List<Integer>> depth,
        List<Integer> heads,
        List<Integer> headDim,
        List<Integer> mlpDim,
        int crossHeads,
        int crossHeadDim,
        boolean qkvBias,
        TokenPool pool,
        double normEps,
        DropRates drops)
        implements ModelConfig {

    public CrossVit {
        imageScale = List.copyOf(imageScale);
        depth = List.copyOf(depth);
        Checks.positive("classes", classes);
        patchSize = pair("patch_size", patchSize);
        dim = pair("dim", dim);
        heads = pair("heads", heads);
        headDim = pair("head_dim", headDim);
        mlpDim = pair("mlp_dim", mlpDim);
        Checks.positive("cross_heads", crossHeads);
        Checks.positive("cross_head_dim", crossHeadDim);
        Checks.check(
                imageScale.size() == 2, "image_scale", imageScale, "must have one number for each of two branches");
        Checks.check(!depth.isEmpty(), "depth", depth, "must have at least one stage");
        for (List<Integer> stage : depth) {
            Checks.check(
                    stage.size() == 3 && Collections.min(stage.subList(0, 2)) >= 1 && stage.get(2) >= 0,
                    "depth",
                    stage,
                    "must be [blocks, blocks, cross-attention blocks], at least [1, 1, 0]");
        }
        for (int b = 0; b < 2; b++) {
            int patch = patchSize.get(b);
            boolean official = flavor == Flavor.OFFICIAL;
            Checks.check(imageScale.get(b) > 0, "image_scale", imageScale, "must be positive");
            Checks.divides("patch_size", patch, "image height", (int) (image.height() * imageScale.get(b)));
            Checks.divides("patch_size", patch, "image width", (int) (image.width() * imageScale.get(b)));
            if (official) Checks.divides("heads", heads.get(b), "dim", dim.get(b));
            Checks.check(
                    !multiConv || patch == 12 || patch == 16, "patch_size", patch, "must be 12 or 16 with multi_conv");
            if (multiConv) Checks.divides("multi_conv", 4, "dim", dim.get(b));
        }
    }

    private static List<Integer> pair(String name, List<Integer> values) {
        Checks.check(values.size() == 2, name, values, "must have one number for each of two branches");
        Checks.positive(name, values.get(0), values.get(1));
        return List.copyOf(values);
    }

    static Optional<CrossVit> read(Section s, Flavor flavor, ImageSpec image, int classes) {
        boolean timm = flavor == Flavor.OFFICIAL;
        List<Double> scale = timm ? s.doublesAt("image_scale", List.of(1.0, 1.0)) : List.of(1.0, 1.0);
        boolean cropScale = timm && s.boolAt("crop_scale", false);
        List<Integer> patch = s.intsAt("patch_size", timm ? List.of(8, 16) : List.of(12, 16));
        boolean multiConv = timm && s.boolAt("multi_conv", false);
        List<Integer> dim = s.intsAt("dim", List.of(192, 384));
        List<Integer> stage = timm ? List.of(1, 3, 1) : List.of(1, 4, 2);
        List<List<Integer>> depth = s.intListsAt("depth", List.of(stage, stage, stage));
        List<Integer> heads = s.intsAt("heads", timm ? List.of(6, 12) : List.of(8, 8));
        List<Integer> headDim = timm ? quotients(dim, heads) : s.intsAt("head_dim", List.of(64, 64));
        List<Integer> mlpDim = timm && !s.has("mlp_dim")
                ? products(s, dim, s.doublesAt("mlp_ratio", List.of(2.0, 2.0, 4.0)))
                : s.intsAt("mlp_dim", List.of(2048, 2048));
        int crossHeads = timm ? 1 : s.intAt("cross_heads", 8);
        int crossHeadDim = timm ? 1 : s.intAt("cross_head_dim", 64);
        boolean qkvBias = timm && s.boolAt("qkv_bias", true);
        TokenPool pool = timm ? s.enumAt("pool", TokenPool.class, TokenPool.CLS) : TokenPool.CLS;
        double eps = s.doubleAt("norm_eps", timm ? 1e-6 : 1e-5);
        DropRates drops = DropRates.read(s, timm ? 0 : 0.1);
        List<Double> scales = scale.size() == 1 ? List.of(scale.get(0), scale.get(0)) : scale;
        return s.build(() -> new CrossVit(
                flavor,
                image,
                classes,
                scales,
                cropScale,
                patch,
                multiConv,
                dim,
                depth,
                heads,
                headDim,
                mlpDim,
                crossHeads,
                crossHeadDim,
                qkvBias,
                pool,
                eps,
                drops));
    }

    private static List<Integer> quotients(List<Integer> dim, List<Integer> heads) {
        List<Integer> quotients = new ArrayList<>();
        for (int b = 0; b < Math.min(dim.size(), heads.size()); b++) {
            quotients.add(Math.max(1, dim.get(b) / Math.max(heads.get(b), 1)));
        }
        return quotients;
    }

    /** timm accepts a third ratio for an MLP of the cross-attention, which does not exist. */
    private static List<Integer> products(Section s, List<Integer> dim, List<Double> ratio) {
        if (ratio.size() < 2 || ratio.size() > 3)
            s.reject("mlp_ratio", "expected a number for each branch, got " + ratio);
        List<Integer> products = new ArrayList<>();
        for (int b = 0; b < Math.min(dim.size(), ratio.size()); b++) products.add((int) (dim.get(b) * ratio.get(b)));
        return products.subList(0, Math.min(2, products.size()));
    }

    @Override
    public String arch() {
        return "crossvit";
    }

    @Override
    public Graph build() {
        boolean timm = flavor == Flavor.OFFICIAL;
        Graph g = new Graph(timm ? Init.TIMM : Init.PYTORCH);
        Tensor x = g.input("image", image.height(), image.width(), image.channels()); // [H, W, C]
        List<Tensor> branches = List.of(embed(g, x, 0), embed(g, x, 1)); // [1 + T, D], [1 + S, E]
        int path = 0;
        for (int i = 0; i < depth.size(); i++) {
            branches = timm
                    ? official(g.scope("blocks." + i), branches, i, path)
                    : community(g.scope("blocks." + i), branches, i);
            path += length(depth.get(i));
        }
        Tensor sum = g.add("sum", head(g, branches.get(0), 0), head(g, branches.get(1), 1)); // [K]
        // The authors average the two heads, vit-pytorch adds them.
        g.output("logits", timm ? g.scale("mean", sum, 0.5) : sum);
        return g;
    }

    /** [H, W, C] -> [1 + T, D] */
    private Tensor embed(Graph g, Tensor x, int b) {
        Init init = flavor == Flavor.OFFICIAL ? new Init.TruncatedNormalInit(0.02) : new Init.NormalInit(1);
        Graph at = g.scope("patch_embed." + b);
        int patch = patchSize.get(b);
        Tensor scaled = scaled(at, x, (int) (x.dim(0) * imageScale.get(b)), (int) (x.dim(1) * imageScale.get(b)));
        Tensor tokens =
                multiConv ? stem(at, scaled, b) : new PatchEmbed(patch, patch, dim.get(b), true).build(at, scaled);
        Tensor y = at.concat("tokens", 0, g.learnedTokens("cls_token_" + b, tokens, 1, init), tokens); // [1 + T, D]
        PositionGrid grid = new PositionGrid(1, scaled.dim(0) / patch, scaled.dim(1) / patch);
        y = g.addPositions("pos_embed_" + b, y, Role.POSITION, init, grid);
        return at.dropout("pos_drop", y, drops.embed());
    }

    private Tensor scaled(Graph g, Tensor x, int height, int width) {
        if (x.dim(0) == height && x.dim(1) == width) return x;
        if (!cropScale || height > x.dim(0) || width > x.dim(1)) return g.resize("resize", x, height, width);
        int top = (int) Math.rint((x.dim(0) - height) / 2.0); // rounds half to even, like Python
        int left = (int) Math.rint((x.dim(1) - width) / 2.0);
        return g.slice("crop", g.slice("rows", x, 0, top, top + height), 1, left, left + width); // [H', W', C]
    }

    /** Three convolutions with ReLU between them; the strides are 4 * 3 * 1 = 12 or 4 * 2 * 2 = 16. */
    private Tensor stem(Graph g, Tensor x, int b) {
        int d = dim.get(b);
        boolean twelve = patchSize.get(b) == 12;
        x = g.conv2d("proj.0", x, d / 4, Window.square(7, 4, 3), 1, true); // [H/4, W/4, D/4]
        x = g.activate("proj.1", x, Activation.RELU);
        x = g.conv2d("proj.2", x, d / 2, twelve ? Window.square(3, 3, 0) : Window.square(3, 2, 1), 1, true);
        x = g.activate("proj.3", x, Activation.RELU);
        x = g.conv2d("proj.4", x, d, Window.square(3, twelve ? 1 : 2, 1), 1, true); // [H/P, W/P, D]
        return g.reshape("flat", x, x.dim(0) * x.dim(1), d); // [T, D]
    }

    private List<Tensor> official(Graph g, List<Tensor> branches, int i, int path) {
        List<Integer> stage = depth.get(i);
        var block = new MultiScaleBlock(
                stage.subList(0, 2),
                stage.get(2),
                heads,
                mlpDim,
                qkvBias,
                normEps,
                drops.proj(),
                drops.attn(),
                paths(path, length(stage)));
        return block.build(g, branches);
    }

    /** Number of stochastic depth rates of a stage. */
    private static int length(List<Integer> stage) {
        return Math.max(stage.get(0), stage.get(1)) + stage.get(2);
    }

    /**
     * Stochastic depth rates. As in the reference, the second branch and the cross-attention of all stages are counted.
     */
    private List<Double> paths(int from, int count) {
        int total =
                depth.stream().mapToInt(stage -> stage.get(1) + stage.get(2)).sum();
        List<Double> paths = new ArrayList<>();
        for (int i = from; i < from + count; i++) paths.add(drops.path(Math.min(i, total - 1), total));
        return paths;
    }

    private List<Tensor> community(Graph g, List<Tensor> branches, int i) {
        Tensor small =
                encode(g.scope("blocks.0"), branches.get(0), 0, depth.get(i).get(0)); // [1 + T, D]
        Tensor large =
                encode(g.scope("blocks.1"), branches.get(1), 1, depth.get(i).get(1)); // [1 + S, E]
        int cross = depth.get(i).get(2);
        return new CrossTransformer(cross, crossHeads, crossHeadDim, normEps, drops.proj())
                .build(g.scope("fusion"), small, large);
    }

    /** vit-pytorch's encoder: one projection for queries, one for keys and values, and a final norm. */
    private Tensor encode(Graph g, Tensor x, int b, int blocks) {
        var attention = new CrossAttention(heads.get(b), headDim.get(b), false, true, 0, drops.proj());
        var mlp = new Mlp(mlpDim.get(b), Activation.GELU, drops.proj());
        for (int i = 0; i < blocks; i++) {
            Graph at = g.scope("" + i);
            Tensor y = at.layerNorm("norm1", x, normEps); // [1 + T, D]
            x = at.add("add1", x, attention.build(at.scope("attn"), y, y));
            x = at.add("add2", x, mlp.build(at.scope("mlp"), at.layerNorm("norm2", x, normEps)));
        }
        return g.layerNorm("norm", x, normEps);
    }

    /** [1 + T, D] -> [K] */
    private Tensor head(Graph g, Tensor x, int b) {
        Graph at = g.scope("head");
        Tensor pooled; // [D]
        if (pool == TokenPool.CLS) {
            // LN is applied per token, so only the class token needs it.
            Tensor cls = at.reshape("cls_flat." + b, at.slice("cls." + b, x, 0, 0, 1), dim.get(b));
            pooled = g.layerNorm("norm." + b, cls, normEps);
        } else {
            Tensor normed = g.layerNorm("norm." + b, x, normEps); // [1 + T, D]
            pooled = at.mean("pool." + b, at.slice("patches." + b, normed, 0, 1, x.dim(0)), 0);
        }
        return g.dense("head." + b, at.dropout("drop." + b, pooled, drops.head()), classes);
    }

    @Override
    public List<CheckpointNames> schemes() {
        if (flavor == Flavor.COMMUNITY) return List.of(keys());
        CheckpointNames authors =
                CheckpointNames.of("pos_embed_{i}", "pos_embed.{i}", "cls_token_{i}", "cls_token.{i}");
        return List.of(keys(), authors.named("authors"));
    }

    @Override
    public CheckpointNames keys() {
        if (flavor == Flavor.OFFICIAL) return CheckpointNames.SAME;
        String layers = "multi_scale_encoder.layers.{i}";
        String block = layers + ".{i}.layers.{i}";
        String cross = layers + ".2.layers.{i}.{i}";
        return CheckpointNames.of(
                        "patch_embed.0.proj", "sm_image_embedder.to_patch_embedding.1",
                        "patch_embed.1.proj", "lg_image_embedder.to_patch_embedding.1",
                        "cls_token_0", "sm_image_embedder.cls_token",
                        "cls_token_1", "lg_image_embedder.cls_token",
                        "pos_embed_0", "sm_image_embedder.pos_embedding",
                        "pos_embed_1", "lg_image_embedder.pos_embedding",
                        "blocks.{i}.blocks.{i}.{i}.norm1", block + ".0.norm",
                        "blocks.{i}.blocks.{i}.{i}.attn.wq", block + ".0.fn.to_q",
                        "blocks.{i}.blocks.{i}.{i}.attn.wkv", block + ".0.fn.to_kv",
                        "blocks.{i}.blocks.{i}.{i}.attn.proj", block + ".0.fn.to_out.0",
                        "blocks.{i}.blocks.{i}.{i}.norm2", block + ".1.norm",
                        "blocks.{i}.blocks.{i}.{i}.mlp.fc1", block + ".1.fn.net.0",
                        "blocks.{i}.blocks.{i}.{i}.mlp.fc2", block + ".1.fn.net.3",
                        "blocks.{i}.blocks.{i}.norm", layers + ".{i}.norm",
                        "blocks.{i}.fusion.{i}.{i}.project_in", cross + ".project_in",
                        "blocks.{i}.fusion.{i}.{i}.norm", cross + ".fn.norm",
                        "blocks.{i}.fusion.{i}.{i}.attn.wq", cross + ".fn.fn.to_q",
                        "blocks.{i}.fusion.{i}.{i}.attn.wkv", cross + ".fn.fn.to_kv",
                        "blocks.{i}.fusion.{i}.{i}.attn.proj", cross + ".fn.fn.to_out.0",
                        "blocks.{i}.fusion.{i}.{i}.project_out", cross + ".project_out",
                        "norm.0", "sm_mlp_head.0",
                        "norm.1", "lg_mlp_head.0",
                        "head.0", "sm_mlp_head.1",
                        "head.1", "lg_mlp_head.1")
                .shaped(TensorForm.PATCHES, "patch_embed.{i}.proj.kernel");
    }
}
