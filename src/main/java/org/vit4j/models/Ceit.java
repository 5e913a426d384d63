package org.vit4j.models;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Supplier;
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
import org.vit4j.layers.ClassToken;
import org.vit4j.layers.DropRates;
import org.vit4j.layers.ImageToTokens;
import org.vit4j.layers.LayerwiseClassAttention;
import org.vit4j.layers.LeFF;
import org.vit4j.layers.Mlp;
import org.vit4j.layers.PatchEmbed;
import org.vit4j.layers.PreNorm;
import org.vit4j.layers.TransformerBlock;

/**
 * CeiT: "Incorporating Convolution Designs into Visual Transformers", Yuan et al. 2021, arXiv:2103.11816. Patches come
 * from the feature map of a convolutional stem (image to tokens), the feed-forward network has a depthwise convolution
 * (LeFF), and an attention over the class tokens of all layers precedes the head (LCA). Each of the three can be
 * disabled, as in the paper's ablations. As coeusguo/ceit, {@code ceit_model.py}, except that the grid of LeFF is that
 * of the patches; the authors' code assumes a square grid.
 *
 * <pre>
 * variant         dim  depth  heads  parameters
 * ceit_tiny       192  12     3      6,356,904
 * ceit_tiny_384   192  12     3      6,429,864
 * ceit_small      384  12     6      24,204,840
 * ceit_small_384  384  12     6      24,350,760
 * ceit_base       768  12     12     94,405,416
 * </pre>
 *
 * @param stem convolutional stem before the patches; empty without image to tokens
 * @param block ViT's block; with LeFF only its attention and norm are used
 * @param leff LeFF in place of the MLP, empty for ViT's MLP
 * @param lca attention over the class tokens of all layers; empty if the head reads the last one
 */
public record Ceit(
        ImageSpec image,
        int classes,
        Optional<ImageToTokens> stem,
        PatchEmbed patches,
        int depth,
        TransformerBlock block,
        Optional<LeFF> leff,
        Optional<LayerwiseClassAttention> lca,
        DropRates drops)
        implements ModelConfig {

    @Override
    public Graph build() {
        Graph g = new Graph(Init.TIMM);
        Init init = new Init.TruncatedNormalInit(0.02);
        Tensor map = image.input(g); // [H, W, C]
        if (stem.isPresent()) map = stem.get().build(g.scope("i2t.backbone"), map); // [H/4, W/4, 64]
        PositionGrid grid = patches.grid(1, map);
        Tensor x = ClassToken.prepend(g, patches.build(g.scope("i2t"), map), init); // [1 + T, D]
        x = g.addPositions("pos_embed", x, Role.POSITION, init, grid); // [1 + T, D]
        x = g.dropout("pos_drop", x, drops.embed()); // [1 + T, D]

        List<Tensor> classTokens = new ArrayList<>();
        for (int i = 0; i < depth; i++) {
            Graph at = g.scope("blocks." + i);
            double path = drops.path(i, depth);
            x = leff.isPresent() ? leffBlock(at, x, grid, path) : block.build(at, x, path); // [1 + T, D]
            classTokens.add(at.slice("cls", x, 0, 0, 1)); // [1, D]
        }
        Tensor pooled = lca.isPresent() ? layerwise(g, classTokens) : ClassToken.select(g, x); // [D]
        Tensor normed = g.layerNorm("norm", pooled, block.norm().eps()); // [D]
        g.output("logits", g.dense("head", g.dropout("head_drop", normed, drops.head()), classes)); // [K]
        return g;
    }

    /** x + attn(LN(x)), then x + LeFF(LN(x)); the class token bypasses the LeFF and becomes c + LN(c). */
    private Tensor leffBlock(Graph g, Tensor x, PositionGrid grid, double path) {
        x = block.norm().residual(g, "1", x, path, y -> block.attention().build(g.scope("attn"), y)); // [1 + T, D]
        return block.norm().residual(g, "2", x, path, y -> {
            Tensor rest = g.slice("patches", y, 0, 1, y.dim(0)); // [T, D]
            Tensor out = leff.orElseThrow().build(g.scope("leff"), rest, grid.height(), grid.width()); // [T, D]
            return g.concat("leff", 0, g.slice("cls_bypass", y, 0, 0, 1), out); // [1 + T, D]
        });
    }

    /** LCA over the class tokens of all layers, which have a position for each layer -> [D] */
    private Tensor layerwise(Graph g, List<Tensor> classTokens) {
        Tensor x = classTokens.size() == 1
                ? classTokens.get(0)
                : g.concat("cls_tokens", 0, classTokens.toArray(Tensor[]::new)); // [L, D]
        x = g.addParameter("pos_layer_embed", x, Role.POSITION, Init.ZEROS); // [L, D]
        Tensor y = lca.orElseThrow().build(g.scope("lca"), x); // [1, D]
        return g.reshape("lca", y, patches.dim()); // [D]
    }

    public Ceit {
        Checks.positive("classes", classes);
        Checks.depth("depth", depth);
        if (stem.isPresent()) stem.get().requireDivides(patches, image.height(), image.width());
        else patches.requireDivides(image.height(), image.width(), 1);
    }

    @Override
    public String arch() {
        return "ceit";
    }

    static Optional<Ceit> read(Section s, ImageSpec image, int classes) {
        Supplier<Optional<ImageToTokens>> stem = readStem(s);
        int patch = s.intAt("patch_size", 4); // the default of the authors' class is 16, but all their networks use 4
        int dim = s.intAt("dim", 768);
        int depth = s.intAt("depth", 12);
        int heads = s.intAt("heads", 12);
        OptionalDouble qkScale = s.optionalDouble("qk_scale");
        int hidden = Mlp.readHidden(s, dim, 4);
        boolean qkvBias = s.boolAt("qkv_bias", false);
        boolean leff = s.boolAt("leff", true);
        int leffKernel = s.intAt("leff_kernel", 3);
        boolean leffNorm = s.boolAt("leff_norm", true);
        boolean lca = s.boolAt("lca", true);
        double eps = s.doubleAt("norm_eps", 1e-6);
        DropRates drops = DropRates.read(s);
        return s.build(() -> {
            PatchEmbed patches = new PatchEmbed(patch, patch, dim, true);
            Attention attention = attention(dim, heads, qkScale, qkvBias, drops);
            Checks.positive("mlp_dim", hidden);
            Mlp mlp = new Mlp(hidden, Activation.GELU, drops.proj());
            TransformerBlock block = new TransformerBlock(attention, mlp, PreNorm.plain(eps));
            LeFF local = new LeFF(hidden, leffKernel, leffNorm);
            LayerwiseClassAttention layerwise = new LayerwiseClassAttention(attention, mlp, eps);
            Optional<LeFF> usedLeff = leff ? Optional.of(local) : Optional.empty();
            Optional<LayerwiseClassAttention> usedLca = lca ? Optional.of(layerwise) : Optional.empty();
            return new Ceit(image, classes, stem.get(), patches, depth, block, usedLeff, usedLca, drops);
        });
    }

    private static Supplier<Optional<ImageToTokens>> readStem(Section s) {
        boolean i2t = s.boolAt("i2t", true);
        int channels = s.intAt("i2t_channels", 64);
        int kernel = s.intAt("i2t_kernel", 7);
        int stride = s.intAt("i2t_stride", 2);
        return () -> {
            if (!i2t) return Optional.empty();
            Window conv = Window.square(kernel, stride, kernel / 2);
            return Optional.of(new ImageToTokens(channels, conv, false, Window.square(3, 2, 1)));
        };
    }

    private static Attention attention(int dim, int heads, OptionalDouble qkScale, boolean qkvBias, DropRates drops) {
        Checks.positive("heads", heads);
        int d = dim / heads;
        Checks.positive("head_dim", d);
        Checks.require(dim == heads * d, "dim (%d) must be a multiple of heads (%d)", dim, heads);
        double scale = qkScale.orElse(1 / Math.sqrt(d));
        return new Attention(heads, d, scale, qkvBias, OptionalDouble.empty(), true, drops.attn(), drops.proj());
    }
}
