package org.vit4j.models;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.PositionGrid;
import org.vit4j.graph.Role;
import org.vit4j.graph.Tensor;
import org.vit4j.layers.Attention;
import org.vit4j.layers.BranchEmbed;
import org.vit4j.layers.DropRates;
import org.vit4j.layers.Mlp;
import org.vit4j.layers.MultiScaleBlock;
import org.vit4j.layers.PreNorm;
import org.vit4j.layers.TokenPool;
import org.vit4j.layers.TransformerBlock;
import org.vit4j.layers.TwoBranches;

/**
 * CrossViT: "Cross-Attention Multi-Scale Vision Transformer for Image Classification", Chen, Fan and Panda 2021,
 * arXiv:2103.14899. Two branches process small and large patches of the image and exchange information through their
 * class tokens. As huggingface/pytorch-image-models 0.9.16, {@code timm/models/crossvit.py}, after IBM/CrossViT.
 *
 * <pre>
 * variant                       dim         heads     parameters
 * crossvit_tiny_240             [96, 192]   [3, 3]    7,014,800
 * crossvit_small_240            [192, 384]  [6, 6]    26,856,272
 * crossvit_base_240             [384, 768]  [12, 12]  105,025,232
 * crossvit_9_240                [128, 256]  [4, 4]    8,553,296
 * crossvit_15_240               [192, 384]  [6, 6]    27,528,464
 * crossvit_18_240               [224, 448]  [7, 7]    43,271,408
 * crossvit_9_dagger_240         [128, 256]  [4, 4]    8,776,592
 * crossvit_15_dagger_240, _408  [192, 384]  [6, 6]    28,209,008 / 28,500,080
 * crossvit_18_dagger_240, _408  [224, 448]  [7, 7]    44,266,976 / 44,606,560
 * </pre>
 *
 * @param embeds patch embedding of each branch, small patches first
 */
public record CrossVit(
        ImageSpec image,
        int classes,
        List<BranchEmbed> embeds,
        List<MultiScaleBlock> stages,
        TokenPool pool,
        double normEps,
        DropRates drops)
        implements ModelConfig {

    @Override
    public Graph build() {
        Graph g = new Graph(Init.TIMM);
        Tensor x = image.input(g); // [H, W, C]
        List<Tensor> branches = List.of(embed(g, x, 0), embed(g, x, 1)); // [1 + T, D], [1 + S, E]
        int path = 0;
        for (int i = 0; i < stages.size(); i++) {
            MultiScaleBlock stage = stages.get(i);
            List<Double> rates = paths(path, stage.length());
            branches = stage.build(g.scope("blocks." + i), branches, rates); // [1 + T, D], [1 + S, E]
            path += stage.length();
        }
        Tensor sum = g.add("sum", head(g, branches.get(0), 0), head(g, branches.get(1), 1)); // [K]
        g.output("logits", g.scale("mean", sum, 0.5)); // [K]
        return g;
    }

    /** [H, W, C] -> [1 + T, D] */
    private Tensor embed(Graph g, Tensor x, int b) {
        Init init = new Init.TruncatedNormalInit(0.02);
        BranchEmbed embed = embeds.get(b);
        Graph at = g.scope("patch_embed." + b);
        Tensor scaled = embed.scaled(at, x); // [H', W', C]
        Tensor tokens = embed.build(at, scaled); // [T, D]
        Tensor y = at.concat("tokens", 0, g.learnedTokens("cls_token_" + b, tokens, 1, init), tokens); // [1 + T, D]
        PositionGrid grid = new PositionGrid(1, scaled.dim(0) / embed.patch(), scaled.dim(1) / embed.patch());
        y = g.addPositions("pos_embed_" + b, y, Role.POSITION, init, grid); // [1 + T, D]
        return at.dropout("pos_drop", y, drops.embed()); // [1 + T, D]
    }

    /**
     * Stochastic depth rates. As in the reference, the second branch and the cross-attention of all stages are counted.
     */
    private List<Double> paths(int from, int count) {
        int total = stages.stream()
                .mapToInt(stage -> stage.depths().get(1) + stage.cross())
                .sum();
        List<Double> paths = new ArrayList<>();
        for (int i = from; i < from + count; i++) paths.add(drops.path(Math.min(i, total - 1), total));
        return paths;
    }

    /** [1 + T, D] -> [K] */
    private Tensor head(Graph g, Tensor x, int b) {
        Tensor pooled = pooled(g, g.scope("head"), x, b); // [D]
        return g.dense("head." + b, g.scope("head").dropout("drop." + b, pooled, drops.head()), classes); // [K]
    }

    private Tensor pooled(Graph g, Graph at, Tensor x, int b) {
        return switch (pool) {
            case CLS -> {
                // LN is applied per token, so only the class token needs it.
                Tensor cls = at.reshape("cls_flat." + b, at.slice("cls." + b, x, 0, 0, 1), x.dim(1)); // [D]
                yield g.layerNorm("norm." + b, cls, normEps); // [D]
            }
            case MEAN -> {
                Tensor normed = g.layerNorm("norm." + b, x, normEps); // [1 + T, D]
                yield at.mean("pool." + b, at.slice("patches." + b, normed, 0, 1, x.dim(0)), 0); // [D]
            }
        };
    }

    public CrossVit {
        embeds = List.copyOf(embeds);
        stages = List.copyOf(stages);
        Checks.positive("classes", classes);
        for (BranchEmbed embed : embeds) embed.requireDivides(image.height(), image.width());
    }

    @Override
    public String arch() {
        return "crossvit";
    }

    static Optional<CrossVit> read(Section s, ImageSpec image, int classes) {
        List<Double> written = s.doublesAt("image_scale", List.of(1.0, 1.0));
        boolean crop = s.boolAt("crop_scale", false);
        List<Integer> patch = s.intsAt("patch_size", List.of(8, 16));
        boolean multiConv = s.boolAt("multi_conv", false);
        List<Integer> dim = s.intsAt("dim", List.of(192, 384));
        List<Integer> stage = List.of(1, 3, 1);
        List<List<Integer>> depth = s.intListsAt("depth", List.of(stage, stage, stage));
        List<Integer> heads = s.intsAt("heads", List.of(6, 12));
        List<Integer> mlpDim = s.has("mlp_dim")
                ? s.intsAt("mlp_dim", List.of())
                : products(s, dim, s.doublesAt("mlp_ratio", List.of(2.0, 2.0, 4.0)));
        boolean qkvBias = s.boolAt("qkv_bias", true);
        TokenPool pool = s.enumAt("pool", TokenPool.class, TokenPool.CLS);
        double eps = s.doubleAt("norm_eps", 1e-6);
        DropRates drops = DropRates.read(s);
        List<Double> scale = written.size() == 1 ? List.of(written.get(0), written.get(0)) : written;
        return s.build(() -> {
            var sizes = new TwoBranches(patch, dim, heads, quotients(dim, heads), mlpDim, depth);
            Checks.check(scale.size() == 2, "image_scale", scale, "must have one number for each of two branches");
            List<BranchEmbed> embeds = new ArrayList<>();
            List<TransformerBlock> blocks = new ArrayList<>();
            for (int b = 0; b < 2; b++) {
                Checks.check(scale.get(b) > 0, "image_scale", scale, "must be positive");
                Checks.divides("heads", heads.get(b), "dim", dim.get(b));
                embeds.add(new BranchEmbed(scale.get(b), crop, patch.get(b), dim.get(b), multiConv));
                blocks.add(block(sizes, b, qkvBias, eps, drops));
            }
            List<MultiScaleBlock> stages = depth.stream()
                    .map(d -> new MultiScaleBlock(d.subList(0, 2), d.get(2), blocks))
                    .toList();
            return new CrossVit(image, classes, embeds, stages, pool, eps, drops);
        });
    }

    private static TransformerBlock block(TwoBranches sizes, int b, boolean qkvBias, double eps, DropRates drops) {
        int d = sizes.headDim().get(b);
        double scale = 1 / Math.sqrt(d);
        var attention = new Attention(
                sizes.heads().get(b), d, scale, qkvBias, OptionalDouble.empty(), true, drops.attn(), drops.proj());
        var mlp = new Mlp(sizes.mlpDim().get(b), Activation.GELU, drops.proj());
        return new TransformerBlock(attention, mlp, PreNorm.plain(eps));
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
}
