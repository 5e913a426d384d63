package org.vit4j.models.community;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.DoubleFunction;
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
import org.vit4j.layers.ActivatedLeFF;
import org.vit4j.layers.Attention;
import org.vit4j.layers.ClassToken;
import org.vit4j.layers.DropRates;
import org.vit4j.layers.ImageToTokens;
import org.vit4j.layers.LayerwiseClassAttention;
import org.vit4j.layers.Mlp;
import org.vit4j.layers.PatchEmbed;
import org.vit4j.layers.PreNorm;
import org.vit4j.layers.TokenPool;
import org.vit4j.layers.TransformerBlock;
import org.vit4j.models.Flavor;
import org.vit4j.models.ImageSpec;
import org.vit4j.models.ModelConfig;

/**
 * CeiT as rishikksh20/CeiT-pytorch, {@code ceit.py} and {@code module.py}. Unlike the authors' {@link
 * org.vit4j.models.Ceit}, the class token bypasses norm, LeFF and residual; LCA is off by default, has sizes of its own
 * and no positions. The grid of LeFF is that of the patches; the community code has the constant 14x14.
 *
 * @param stem convolutional stem before the patches; empty without image to tokens
 * @param block ViT's block; with LeFF only its attention and norm are used
 * @param leff LeFF in place of the MLP, empty for ViT's MLP
 * @param pool pooling without LCA: the class token, or the mean of all tokens
 * @param lca attention over the class tokens of all layers; empty for pooling
 */
public record CommunityCeit(
        ImageSpec image,
        int classes,
        Optional<ImageToTokens> stem,
        PatchEmbed patches,
        int depth,
        TransformerBlock block,
        Optional<ActivatedLeFF> leff,
        TokenPool pool,
        Optional<LayerwiseClassAttention> lca,
        DropRates drops)
        implements ModelConfig {

    @Override
    public Graph build() {
        Graph g = new Graph(Init.PYTORCH);
        Init init = new Init.NormalInit(1);
        Tensor map = image.input(g); // [H, W, C]
        if (stem.isPresent()) map = stem.get().build(g.scope("i2t.backbone"), map); // [h, w, 32]
        PositionGrid grid = patches.grid(1, map);
        Tensor x = ClassToken.prepend(g, patches.build(g.scope("i2t"), map), init); // [1 + T, D]
        x = g.addPositions("pos_embed", x, Role.POSITION, init, grid); // [1 + T, D]
        x = g.dropout("pos_drop", x, drops.embed()); // [1 + T, D]

        List<Tensor> classTokens = new ArrayList<>();
        for (int i = 0; i < depth; i++) {
            Graph at = g.scope("blocks." + i);
            double path = drops.path(i, depth);
            if (leff.isPresent()) {
                x = leffBlock(at, x, grid, path, classTokens); // [1 + T, D]
            } else {
                x = block.build(at, x, path); // [1 + T, D]
                classTokens.add(at.slice("cls", x, 0, 0, 1)); // [1, D]
            }
        }
        Tensor pooled = lca.isPresent() ? layerwise(g, classTokens) : pool.build(g, x, 0); // [D]
        Tensor normed = g.layerNorm("norm", pooled, block.norm().eps()); // [D]
        g.output("logits", g.dense("head", g.dropout("head_drop", normed, drops.head()), classes)); // [K]
        return g;
    }

    /** The class token is taken after the attention; norm, LeFF and residual apply only to the patches. */
    private Tensor leffBlock(Graph g, Tensor x, PositionGrid grid, double path, List<Tensor> classTokens) {
        x = block.norm().residual(g, "1", x, path, y -> block.attention().build(g.scope("attn"), y)); // [1 + T, D]
        Tensor cls = g.slice("cls", x, 0, 0, 1); // [1, D]
        classTokens.add(cls);
        Tensor rest = ClassToken.patches(g, x); // [T, D]
        ActivatedLeFF local = leff.orElseThrow();
        rest = block.norm()
                .residual(
                        g,
                        "2",
                        rest,
                        path,
                        y -> local.build(g.scope("leff"), y, grid.height(), grid.width())); // [T, D]
        return g.concat("tokens", 0, cls, rest); // [1 + T, D]
    }

    /** Class tokens of all layers -> [D] */
    private Tensor layerwise(Graph g, List<Tensor> classTokens) {
        Tensor x = classTokens.size() == 1
                ? classTokens.get(0)
                : g.concat("cls_tokens", 0, classTokens.toArray(Tensor[]::new)); // [L, D]
        Tensor y = lca.orElseThrow().build(g.scope("lca"), x); // [1, D]
        return g.reshape("lca", y, patches.dim()); // [D]
    }

    public CommunityCeit {
        Checks.positive("classes", classes);
        Checks.depth("depth", depth);
        if (stem.isPresent()) stem.get().requireDivides(patches, image.height(), image.width());
        else patches.requireDivides(image.height(), image.width(), 1);
    }

    @Override
    public String arch() {
        return "ceit";
    }

    @Override
    public Flavor flavor() {
        return Flavor.COMMUNITY;
    }

    public static Optional<CommunityCeit> read(Section s, ImageSpec image, int classes) {
        Supplier<Optional<ImageToTokens>> stem = readStem(s);
        int patch = s.intAt("patch_size", 4);
        int dim = s.intAt("dim", 192);
        int depth = s.intAt("depth", 12);
        int heads = s.intAt("heads", 3);
        int headDim = s.intAt("head_dim", 64);
        int hidden = Mlp.readHidden(s, dim, 4);
        boolean leff = s.boolAt("leff", true);
        int leffKernel = s.intAt("leff_kernel", 3);
        TokenPool pool = s.enumAt("pool", TokenPool.class, TokenPool.CLS);
        DoubleFunction<Optional<LayerwiseClassAttention>> lca = readLca(s, dim);
        double eps = s.doubleAt("norm_eps", 1e-5);
        DropRates drops = DropRates.read(s);
        return s.build(() -> {
            PatchEmbed patches = new PatchEmbed(patch, patch, dim, true);
            Attention attention = attention(heads, headDim, dim, drops.attn(), drops.proj());
            Checks.positive("mlp_dim", hidden);
            Mlp mlp = new Mlp(hidden, Activation.GELU, drops.proj());
            TransformerBlock block = new TransformerBlock(attention, mlp, PreNorm.plain(eps));
            ActivatedLeFF local = new ActivatedLeFF(hidden, leffKernel);
            Optional<ActivatedLeFF> used = leff ? Optional.of(local) : Optional.empty();
            return new CommunityCeit(
                    image, classes, stem.get(), patches, depth, block, used, pool, lca.apply(eps), drops);
        });
    }

    /** The convolution has a padding of 4 for any kernel; the pooling is unpadded and has its stride. */
    private static Supplier<Optional<ImageToTokens>> readStem(Section s) {
        boolean i2t = s.boolAt("i2t", true);
        int channels = s.intAt("i2t_channels", 32);
        int kernel = s.intAt("i2t_kernel", 7);
        int stride = s.intAt("i2t_stride", 2);
        int pool = s.intAt("i2t_pool", 3);
        return () -> {
            if (!i2t) return Optional.empty();
            Window conv = Window.square(kernel, stride, 4);
            return Optional.of(new ImageToTokens(channels, conv, true, Window.square(pool, stride, 0)));
        };
    }

    /** LCA without dropout; the function of the norm's epsilon checks the values. */
    private static DoubleFunction<Optional<LayerwiseClassAttention>> readLca(Section s, int dim) {
        boolean lca = s.boolAt("lca", false);
        int heads = s.intAt("lca_heads", 4);
        int headDim = s.intAt("lca_head_dim", 48);
        int hidden = s.intAt("lca_mlp_dim", 384);
        return eps -> {
            Attention attention = attention(heads, headDim, dim, 0, 0);
            Checks.positive("mlp_dim", hidden);
            Mlp mlp = new Mlp(hidden, Activation.GELU, 0);
            return lca ? Optional.of(new LayerwiseClassAttention(attention, mlp, eps)) : Optional.empty();
        };
    }

    private static Attention attention(int heads, int headDim, int dim, double attnDrop, double projDrop) {
        Checks.positive("heads", heads);
        Checks.positive("head_dim", headDim);
        double scale = 1 / Math.sqrt(headDim);
        return new Attention(heads, headDim, scale, false, OptionalDouble.empty(), true, attnDrop, projDrop)
                .projectedUnlessSingle(dim);
    }
}
