package org.vit4j.models.community;

import java.util.List;
import java.util.Optional;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.PositionGrid;
import org.vit4j.graph.Role;
import org.vit4j.graph.Tensor;
import org.vit4j.layers.CrossTransformer;
import org.vit4j.layers.DropRates;
import org.vit4j.layers.FusedKvCrossAttention;
import org.vit4j.layers.Mlp;
import org.vit4j.layers.PatchEmbed;
import org.vit4j.layers.PreNorm;
import org.vit4j.layers.TwoBranches;
import org.vit4j.models.Flavor;
import org.vit4j.models.ImageSpec;
import org.vit4j.models.ModelConfig;

/**
 * CrossViT as lucidrains/vit-pytorch 0.20.2, {@code cross_vit.py}. It differs from the authors' {@link
 * org.vit4j.models.CrossVit} in the exchange of class tokens, see {@link CrossTransformer}; each branch ends a stage with
 * a norm, and the logits of the branches are added.
 *
 * @param crossHeads heads of the cross-attention
 */
public record CommunityCrossVit(
        ImageSpec image,
        int classes,
        TwoBranches branches,
        int crossHeads,
        int crossHeadDim,
        double normEps,
        DropRates drops)
        implements ModelConfig {

    @Override
    public Graph build() {
        Graph g = new Graph(Init.PYTORCH);
        Tensor x = image.input(g); // [H, W, C]
        Tensor small = embed(g, x, 0); // [1 + T, D]
        Tensor large = embed(g, x, 1); // [1 + S, E]
        for (int i = 0; i < branches.depth().size(); i++) {
            List<Integer> depth = branches.depth().get(i);
            Graph at = g.scope("blocks." + i);
            small = encode(at.scope("blocks.0"), small, 0, depth.get(0)); // [1 + T, D]
            large = encode(at.scope("blocks.1"), large, 1, depth.get(1)); // [1 + S, E]
            var fusion = new CrossTransformer(depth.get(2), crossHeads, crossHeadDim, normEps, drops.proj());
            List<Tensor> fused = fusion.build(at.scope("fusion"), small, large); // [1 + T, D], [1 + S, E]
            small = fused.get(0);
            large = fused.get(1);
        }
        g.output("logits", g.add("sum", head(g, small, 0), head(g, large, 1))); // [K]
        return g;
    }

    /** [H, W, C] -> [1 + T, D] */
    private Tensor embed(Graph g, Tensor x, int b) {
        Init init = new Init.NormalInit(1);
        Graph at = g.scope("patch_embed." + b);
        int patch = branches.patchSize().get(b);
        PatchEmbed embed = new PatchEmbed(patch, patch, branches.dim().get(b), true);
        Tensor tokens = embed.build(at, x); // [T, D]
        Tensor y = at.concat("tokens", 0, g.learnedTokens("cls_token_" + b, tokens, 1, init), tokens); // [1 + T, D]
        PositionGrid grid = embed.grid(1, x);
        y = g.addPositions("pos_embed_" + b, y, Role.POSITION, init, grid); // [1 + T, D]
        return at.dropout("pos_drop", y, drops.embed()); // [1 + T, D]
    }

    /** Blocks x + attn(LN(x)), then x + mlp(LN(x)), and a final norm: [1 + T, D] -> [1 + T, D]. */
    private Tensor encode(Graph g, Tensor x, int b, int depth) {
        int heads = branches.heads().get(b), headDim = branches.headDim().get(b);
        var attention = new FusedKvCrossAttention(heads, headDim, drops.proj());
        var mlp = new Mlp(branches.mlpDim().get(b), Activation.GELU, drops.proj());
        PreNorm norm = PreNorm.plain(normEps);
        for (int i = 0; i < depth; i++) {
            Graph at = g.scope("" + i);
            x = norm.residual(at, "1", x, 0, y -> attention.build(at.scope("attn"), y, y)); // [1 + T, D]
            x = norm.residual(at, "2", x, 0, y -> mlp.build(at.scope("mlp"), y)); // [1 + T, D]
        }
        return g.layerNorm("norm", x, normEps); // [1 + T, D]
    }

    /** [1 + T, D] -> [K] */
    private Tensor head(Graph g, Tensor x, int b) {
        Graph at = g.scope("head");
        Tensor cls = at.reshape("cls_flat." + b, at.slice("cls." + b, x, 0, 0, 1), x.dim(1)); // [D]
        Tensor normed = g.layerNorm("norm." + b, cls, normEps); // [D]
        return g.dense("head." + b, at.dropout("drop." + b, normed, drops.head()), classes); // [K]
    }

    public CommunityCrossVit {
        Checks.positive("classes", classes);
        Checks.positive("cross_heads", crossHeads);
        Checks.positive("cross_head_dim", crossHeadDim);
        for (int patch : branches.patchSize()) {
            Checks.divides("patch_size", patch, "image height", image.height());
            Checks.divides("patch_size", patch, "image width", image.width());
        }
    }

    @Override
    public String arch() {
        return "crossvit";
    }

    @Override
    public Flavor flavor() {
        return Flavor.COMMUNITY;
    }

    public static Optional<CommunityCrossVit> read(Section s, ImageSpec image, int classes) {
        List<Integer> patch = s.intsAt("patch_size", List.of(12, 16));
        List<Integer> dim = s.intsAt("dim", List.of(192, 384));
        List<Integer> stage = List.of(1, 4, 2);
        List<List<Integer>> depth = s.intListsAt("depth", List.of(stage, stage, stage));
        List<Integer> heads = s.intsAt("heads", List.of(8, 8));
        List<Integer> headDim = s.intsAt("head_dim", List.of(64, 64));
        List<Integer> mlpDim = s.intsAt("mlp_dim", List.of(2048, 2048));
        int crossHeads = s.intAt("cross_heads", 8);
        int crossHeadDim = s.intAt("cross_head_dim", 64);
        double eps = s.doubleAt("norm_eps", 1e-5);
        DropRates drops = DropRates.read(s, 0.1);
        return s.build(() -> {
            var branches = new TwoBranches(patch, dim, heads, headDim, mlpDim, depth);
            return new CommunityCrossVit(image, classes, branches, crossHeads, crossHeadDim, eps, drops);
        });
    }
}
