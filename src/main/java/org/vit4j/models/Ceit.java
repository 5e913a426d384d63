package org.vit4j.models;

import java.util.ArrayList;
import java.util.List;
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
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;
import org.vit4j.layers.Attention;
import org.vit4j.layers.DropRates;
import org.vit4j.layers.ImageToTokens;
import org.vit4j.layers.LayerwiseClassAttention;
import org.vit4j.layers.LeFF;
import org.vit4j.layers.Mlp;
import org.vit4j.layers.PatchEmbed;
import org.vit4j.layers.PreNorm;
import org.vit4j.layers.TokenPool;
import org.vit4j.layers.TransformerBlock;

/**
 * CeiT: "Incorporating Convolution Designs into Visual Transformers", Yuan et al. 2021, arXiv:2103.11816. Patches come
 * from the feature map of a convolutional stem (image to tokens), the feed-forward network has a depthwise convolution
 * (LeFF), and an attention over the class tokens of all layers precedes the head (LCA). Each of the three can be
 * disabled, as in the paper's ablations.
 *
 * <p>official: coeusguo/ceit, {@code ceit_model.py}; community: rishikksh20/CeiT-pytorch, {@code ceit.py} and {@code
 * module.py}. The grid of LeFF is that of the patches; the authors' code assumes a square grid, the community code has
 * the constant 14x14.
 *
 * @param stem convolutional stem before the patches; empty without image to tokens
 * @param patchSize side of a patch on the stem's feature map
 * @param hidden hidden width of the feed-forward networks
 * @param qkScale factor of the attention scores, 1/sqrt(headDim) if empty
 * @param leff true for LeFF, false for ViT's MLP
 * @param pool pooling without LCA: the class token, or (community) the mean of all tokens
 * @param lca true if the head reads the LCA over the class tokens of all layers
 */
public record Ceit(
        Flavor flavor,
        ImageSpec image,
        int classes,
        Optional<ImageToTokens> stem,
        int patchSize,
        int dim,
        int depth,
        int heads,
        int headDim,
        OptionalDouble qkScale,
        int hidden,
        boolean qkvBias,
        boolean leff,
        int leffKernel,
        boolean leffNorm,
        TokenPool pool,
        boolean lca,
        int lcaHeads,
        int lcaHeadDim,
        int lcaHidden,
        double normEps,
        DropRates drops)
        implements ModelConfig {

    public Ceit {
        Checks.positive("classes", classes);
        Checks.positive("patch_size", patchSize);
        Checks.positive("dim", dim);
        Checks.positive("depth", depth);
        Checks.positive("heads", heads, lcaHeads);
        Checks.positive("head_dim", headDim, lcaHeadDim);
        Checks.positive("mlp_dim", hidden, lcaHidden);
        Checks.require(
                flavor == Flavor.COMMUNITY || dim == heads * headDim,
                "dim (%d) must be a multiple of heads (%d)",
                dim,
                heads);
        Checks.check(leffKernel % 2 == 1, "leff_kernel", leffKernel, "must be odd");
        Shape input = stem.map(s -> s.grid(image.height(), image.width())).orElse(image.shape());
        String inputName = stem.isPresent() ? "feature map" : "image";
        Checks.divides("patch_size", patchSize, inputName + " height", input.dim(0));
        Checks.divides("patch_size", patchSize, inputName + " width", input.dim(1));
    }

    static Optional<Ceit> read(Section s, Flavor flavor, ImageSpec image, int classes) {
        boolean authors = flavor == Flavor.OFFICIAL;
        boolean i2t = s.boolAt("i2t", true);
        int channels = s.intAt("i2t_channels", authors ? 64 : 32);
        int kernel = s.intAt("i2t_kernel", 7);
        int stride = s.intAt("i2t_stride", 2);
        int poolKernel = authors ? 3 : s.intAt("i2t_pool", 3);
        int patch = s.intAt("patch_size", 4); // the default of the authors' class is 16, but all their networks use 4
        int dim = s.intAt("dim", authors ? 768 : 192);
        int depth = s.intAt("depth", 12);
        int heads = s.intAt("heads", authors ? 12 : 3);
        int headDim = authors ? dim / Math.max(heads, 1) : s.intAt("head_dim", 64);
        OptionalDouble qkScale = authors ? s.optionalDouble("qk_scale") : OptionalDouble.empty();
        int hidden = s.has("mlp_dim") ? s.intAt("mlp_dim") : (int) (dim * s.doubleAt("mlp_ratio", 4));
        boolean qkvBias = authors && s.boolAt("qkv_bias", false);
        boolean leff = s.boolAt("leff", true);
        int leffKernel = s.intAt("leff_kernel", 3);
        boolean leffNorm = !authors || s.boolAt("leff_norm", true);
        TokenPool pool = authors ? TokenPool.CLS : s.enumAt("pool", TokenPool.class, TokenPool.CLS);
        boolean lca = s.boolAt("lca", authors);
        int lcaHeads = authors ? heads : s.intAt("lca_heads", 4);
        int lcaHeadDim = authors ? headDim : s.intAt("lca_head_dim", 48);
        int lcaHidden = authors ? hidden : s.intAt("lca_mlp_dim", 384);
        double eps = s.doubleAt("norm_eps", authors ? 1e-6 : 1e-5);
        DropRates drops = DropRates.read(s);
        return s.build(() -> new Ceit(
                flavor,
                image,
                classes,
                i2t ? Optional.of(stem(authors, channels, kernel, stride, poolKernel)) : Optional.empty(),
                patch,
                dim,
                depth,
                heads,
                headDim,
                qkScale,
                hidden,
                qkvBias,
                leff,
                leffKernel,
                leffNorm,
                pool,
                lca,
                lcaHeads,
                lcaHeadDim,
                lcaHidden,
                eps,
                drops));
    }

    private static ImageToTokens stem(boolean authors, int channels, int kernel, int stride, int pool) {
        Checks.positive("i2t_channels", channels);
        return authors
                ? ImageToTokens.official(channels, kernel, stride)
                : ImageToTokens.community(channels, kernel, stride, pool);
    }

    @Override
    public String arch() {
        return "ceit";
    }

    @Override
    public Graph build() {
        boolean authors = flavor == Flavor.OFFICIAL;
        Graph g = new Graph(authors ? Init.TIMM : Init.PYTORCH);
        Init init = authors ? new Init.TruncatedNormalInit(0.02) : new Init.NormalInit(1);

        Tensor x = g.input("image", image.height(), image.width(), image.channels()); // [H, W, C]
        if (stem.isPresent()) x = stem.get().build(g.scope("i2t.backbone"), x); // [H/4, W/4, 64]
        Shape grid = Shape.of(x.dim(0) / patchSize, x.dim(1) / patchSize);
        x = new PatchEmbed(patchSize, patchSize, dim, true).build(g.scope("i2t"), x); // [T, D]
        x = g.concat("tokens", 0, g.learnedTokens("cls_token", x, 1, init), x); // [1 + T, D]
        x = g.addPositions("pos_embed", x, Role.POSITION, init, new PositionGrid(1, grid.dim(0), grid.dim(1)));
        x = g.dropout("pos_drop", x, drops.embed());

        List<Tensor> classTokens = new ArrayList<>();
        for (int i = 0; i < depth; i++) {
            Graph at = g.scope("blocks." + i);
            x = authors ? official(at, x, i, grid, classTokens) : community(at, x, i, grid, classTokens);
        }
        Tensor pooled = lca ? layerwiseAttention(g, classTokens) : pool(g, x); // [D]
        g.output(
                "logits",
                g.dense("head", g.dropout("head_drop", g.layerNorm("norm", pooled, normEps), drops.head()), classes));
        return g;
    }

    private Attention attention() {
        double scale = qkScale.orElse(1 / Math.sqrt(headDim));
        return new Attention(
                heads,
                headDim,
                scale,
                qkvBias,
                OptionalDouble.empty(),
                project(heads, headDim),
                drops.attn(),
                drops.proj());
    }

    /** Returns false if there is no output projection: in the community code, for a single head of full width. */
    private boolean project(int heads, int headDim) {
        return flavor == Flavor.OFFICIAL || heads > 1 || headDim != dim;
    }

    /** x + attn(LN(x)), then x + LeFF(LN(x)); the class token bypasses the LeFF and becomes c + LN(c). */
    private Tensor official(Graph g, Tensor x, int i, Shape grid, List<Tensor> classTokens) {
        double path = drops.path(i, depth);
        if (leff) {
            Tensor context = attention().build(g.scope("attn"), g.layerNorm("norm1", x, normEps)); // [1 + T, D]
            x = g.add("add1", x, g.dropPath("drop_path1", context, path)); // [1 + T, D]
            Tensor y = g.layerNorm("norm2", x, normEps); // [1 + T, D]
            Tensor leffOut = leff(g, g.slice("patches", y, 0, 1, y.dim(0)), grid); // [T, D]
            y = g.concat("leff", 0, g.slice("cls_bypass", y, 0, 0, 1), leffOut); // [1 + T, D]
            x = g.add("add2", x, g.dropPath("drop_path2", y, path)); // [1 + T, D]
        } else {
            x = vitBlock(g, x, path);
        }
        classTokens.add(g.slice("cls", x, 0, 0, 1)); // [1, D]
        return x;
    }

    /** The class token is taken after the attention; norm, LeFF and residual apply only to the patches. */
    private Tensor community(Graph g, Tensor x, int i, Shape grid, List<Tensor> classTokens) {
        double path = drops.path(i, depth);
        if (!leff) {
            x = vitBlock(g, x, path);
            classTokens.add(g.slice("cls", x, 0, 0, 1)); // [1, D]
            return x;
        }
        Tensor context = attention().build(g.scope("attn"), g.layerNorm("norm1", x, normEps)); // [1 + T, D]
        x = g.add("add1", x, g.dropPath("drop_path1", context, path)); // [1 + T, D]
        Tensor cls = g.slice("cls", x, 0, 0, 1); // [1, D]
        Tensor patches = g.slice("patches", x, 0, 1, x.dim(0)); // [T, D]
        Tensor leffOut = leff(g, g.layerNorm("norm2", patches, normEps), grid); // [T, D]
        patches = g.add("add2", patches, g.dropPath("drop_path2", leffOut, path)); // [T, D]
        classTokens.add(cls);
        return g.concat("tokens", 0, cls, patches); // [1 + T, D]
    }

    /** [T, D] -> [T, D] */
    private Tensor leff(Graph g, Tensor patches, Shape grid) {
        boolean authors = flavor == Flavor.OFFICIAL;
        return new LeFF(hidden, leffKernel, leffNorm, authors, !authors)
                .build(g.scope("leff"), patches, grid.dim(0), grid.dim(1));
    }

    /** ViT's block, used without LeFF. */
    private Tensor vitBlock(Graph g, Tensor x, double path) {
        var mlp = new Mlp(hidden, Activation.GELU, drops.proj());
        return new TransformerBlock(attention(), mlp, PreNorm.plain(normEps)).build(g, x, path);
    }

    /**
     * Class tokens of all layers -> [D]. The authors' code adds a position for each layer, the community code does not.
     */
    private Tensor layerwiseAttention(Graph g, List<Tensor> classTokens) {
        boolean single = classTokens.size() == 1;
        Tensor x =
                single ? classTokens.get(0) : g.concat("cls_tokens", 0, classTokens.toArray(new Tensor[0])); // [L, D]
        boolean authors = flavor == Flavor.OFFICIAL;
        if (authors) x = g.addParameter("pos_layer_embed", x, Role.POSITION, Init.ZEROS);
        // The community code has no dropout in LCA.
        double drop = authors ? drops.proj() : 0;
        double scale = qkScale.orElse(1 / Math.sqrt(lcaHeadDim));
        var mlp = new Mlp(lcaHidden, Activation.GELU, drop);
        boolean project = project(lcaHeads, lcaHeadDim);
        double attnDrop = authors ? drops.attn() : 0;
        Tensor y = new LayerwiseClassAttention(
                        lcaHeads, lcaHeadDim, scale, qkvBias, project, mlp, normEps, attnDrop, drop)
                .build(g.scope("lca"), x); // [1, D]
        return g.reshape("lca", y, dim);
    }

    /** [1 + T, D] -> [D] */
    private Tensor pool(Graph g, Tensor x) {
        if (pool == TokenPool.MEAN) return g.mean("pool", x, 0);
        return g.reshape("cls_flat", g.slice("cls", x, 0, 0, 1), dim);
    }

    @Override
    public CheckpointNames keys() {
        if (flavor == Flavor.OFFICIAL) {
            return CheckpointNames.SAME.shaped(
                    TensorForm.PIXEL, "blocks.{i}.leff.conv1.kernel", "blocks.{i}.leff.conv3.kernel");
        }
        String attn = "transformer.layers.{i}.0.fn";
        String leff = "transformer.layers.{i}.1.fn";
        return CheckpointNames.of(
                        "i2t.backbone.conv",
                        "conv.0",
                        "i2t.backbone.bn",
                        "conv.1",
                        "i2t.proj",
                        "to_patch_embedding.1",
                        "pos_embed",
                        "pos_embedding",
                        "blocks.{i}.norm1",
                        attn + ".norm",
                        "blocks.{i}.attn.qkv",
                        attn + ".fn.to_qkv",
                        "blocks.{i}.attn.proj",
                        attn + ".fn.to_out.0",
                        "blocks.{i}.norm2",
                        leff + ".norm",
                        "blocks.{i}.leff.conv1",
                        leff + ".fn.up_proj.0",
                        "blocks.{i}.leff.bn1",
                        leff + ".fn.up_proj.2",
                        "blocks.{i}.leff.conv2",
                        leff + ".fn.depth_conv.0",
                        "blocks.{i}.leff.bn2",
                        leff + ".fn.depth_conv.1",
                        "blocks.{i}.leff.conv3",
                        leff + ".fn.down_proj.0",
                        "blocks.{i}.leff.bn3",
                        leff + ".fn.down_proj.2",
                        "blocks.{i}.mlp.fc1",
                        leff + ".fn.net.0",
                        "blocks.{i}.mlp.fc2",
                        leff + ".fn.net.3",
                        "lca.norm1",
                        "LCA.layers.0.0.norm",
                        "lca.attn.qkv",
                        "LCA.layers.0.0.fn.to_qkv",
                        "lca.attn.proj",
                        "LCA.layers.0.0.fn.to_out.0",
                        "lca.norm2",
                        "LCA.layers.0.1.norm",
                        "lca.feedforward.fc1",
                        "LCA.layers.0.1.fn.net.0",
                        "lca.feedforward.fc2",
                        "LCA.layers.0.1.fn.net.3",
                        "norm",
                        "mlp_head.0",
                        "head",
                        "mlp_head.1")
                .shaped(TensorForm.PATCHES, "i2t.proj.kernel");
    }
}
