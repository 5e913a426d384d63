package org.vit4j.models;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.vit4j.checkpoint.names.CheckpointNames;
import org.vit4j.checkpoint.names.CheckpointNames.TensorForm;
import org.vit4j.checkpoint.names.GoogleResearchNames;
import org.vit4j.checkpoint.names.HuggingFaceNames;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.PositionGrid;
import org.vit4j.graph.Role;
import org.vit4j.graph.Tensor;
import org.vit4j.layers.Attention;
import org.vit4j.layers.DropRates;
import org.vit4j.layers.Mlp;
import org.vit4j.layers.PatchEmbed;
import org.vit4j.layers.ResNetV2;
import org.vit4j.layers.TokenPool;

/**
 * ViT: "An Image is Worth 16x16 Words", Dosovitskiy et al. 2021, arXiv:2010.11929. Both flavors have the same layers
 * with different defaults.
 *
 * <p>official: huggingface/pytorch-image-models 0.9.16, {@code timm/models/vision_transformer.py}; community:
 * lucidrains/vit-pytorch 0.20.2, {@code vit.py}.
 *
 * @param headDim width of a head; always dim / heads in timm
 * @param mlpDim hidden width of the MLP
 * @param layerScale initial value of the layer scale on each branch, empty for none (timm's {@code init_values})
 * @param registers number of register tokens, which the head does not read (timm's {@code reg_tokens})
 * @param posPrefix true if class and register tokens have positions (timm: not {@code no_embed_class})
 * @param preNorm true for a norm before the blocks, as in CLIP
 * @param fcNorm true if the final norm follows the pooling instead of preceding it
 * @param resnet ResNet stem of hybrid models; patches are taken from its feature map
 * @param parallel number of parallel attention and MLP branches of a block (Touvron et al. 2022, arXiv:2203.09795)
 */
public record Vit(
        Flavor flavor,
        ImageSpec image,
        int classes,
        int patchHeight,
        int patchWidth,
        int dim,
        int depth,
        int heads,
        int headDim,
        int mlpDim,
        boolean qkvBias,
        boolean qkNorm,
        OptionalDouble layerScale,
        TokenPool pool,
        boolean classToken,
        int registers,
        boolean posPrefix,
        boolean preNorm,
        boolean fcNorm,
        int parallel,
        Optional<ResNetV2> resnet,
        Activation activation,
        double normEps,
        DropRates drops)
        implements ModelConfig {

    /** Keys of DINOv2 and MAE: the token in place of masked patches, and the decoder that predicts them. */
    private static final String[] PRETRAINING = {
        "mask_token", "decoder_embed.*", "decoder_blocks.*", "decoder_norm.*", "decoder_pred.*", "decoder_pos_embed"
    };

    public Vit {
        Checks.positive("classes", classes);
        Checks.positive("patch_size", patchHeight, patchWidth);
        Checks.positive("dim", dim);
        Checks.positive("depth", depth);
        Checks.positive("heads", heads);
        Checks.positive("head_dim", headDim);
        Checks.positive("mlp_dim", mlpDim);
        Checks.positive("parallel", parallel);
        int stride = resnet.map(ResNetV2::stride).orElse(1);
        Checks.divides("patch_size", patchHeight * stride, "image height", image.height());
        Checks.divides("patch_size", patchWidth * stride, "image width", image.width());
        Checks.require(
                flavor == Flavor.COMMUNITY || dim == heads * headDim,
                "dim (%d) must be heads x head_dim (%d x %d) in the official flavor",
                dim,
                heads,
                headDim);
        Checks.require(classToken || pool != TokenPool.CLS, "pool (cls) needs class_token: true");
        Checks.check(registers >= 0, "register_tokens", registers, "must be at least 0");
    }

    static Optional<Vit> read(Section s, Flavor flavor, ImageSpec image, int classes) {
        boolean timm = flavor == Flavor.OFFICIAL;
        int[] patch = s.heightWidthAt("patch_size", 16);
        int dim = s.intAt("dim", timm ? 768 : 1024);
        int depth = s.intAt("depth", timm ? 12 : 6);
        int heads = s.intAt("heads", timm ? 12 : 16);
        if (timm && heads > 0 && dim % heads != 0) {
            s.reject("heads", String.format(Locale.ROOT, "dim (%d) must be a multiple of heads (%d)", dim, heads));
        }
        int headDim = s.intAt("head_dim", timm ? dim / Math.max(heads, 1) : 64);
        int mlpDim = s.has("mlp_dim") ? s.intAt("mlp_dim") : (int) (dim * s.doubleAt("mlp_ratio", timm ? 4 : 2));
        boolean qkvBias = s.boolAt("qkv_bias", timm);
        boolean qkNorm = s.boolAt("qk_norm", false);
        OptionalDouble layerScale = s.optionalDouble("layer_scale");
        TokenPool pool = s.enumAt("pool", TokenPool.class, TokenPool.CLS);
        boolean classToken = s.boolAt("class_token", true);
        int registers = s.intAt("register_tokens", 0);
        boolean posPrefix = s.boolAt("pos_prefix", true);
        boolean preNorm = s.boolAt("pre_norm", false);
        boolean fcNorm = s.boolAt("fc_norm", pool == TokenPool.MEAN);
        int parallel = s.intAt("parallel", 1);
        Optional<ResNetV2> resnet = s.has("resnet") && !s.isOff("resnet") ? resnet(s) : Optional.empty();
        Activation activation = s.enumAt("activation", Activation.class, Activation.GELU);
        double eps = s.doubleAt("norm_eps", timm ? 1e-6 : 1e-5);
        DropRates drops = DropRates.read(s);
        return s.build(() -> new Vit(
                flavor,
                image,
                classes,
                patch[0],
                patch[1],
                dim,
                depth,
                heads,
                headDim,
                mlpDim,
                qkvBias,
                qkNorm,
                layerScale,
                pool,
                classToken,
                registers,
                posPrefix,
                preNorm,
                fcNorm,
                parallel,
                resnet,
                activation,
                eps,
                drops));
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

    @Override
    public String arch() {
        return "vit";
    }

    @Override
    public Graph build() {
        Graph g = graph();
        Tensor x = embed(g, patches -> patches); // [1 + R + T, D]
        g.output("logits", head(g, encode(g, x)));
        return g;
    }

    /** Returns an empty graph with the initialization of this flavor. */
    Graph graph() {
        return new Graph(flavor == Flavor.OFFICIAL ? Init.TIMM : Init.PYTORCH);
    }

    /**
     * Input image -> tokens with positions, [1 + R + T, D].
     *
     * @param prepend adds further tokens between the class token and the patches
     */
    Tensor embed(Graph g, UnaryOperator<Tensor> prepend) {
        boolean timm = flavor == Flavor.OFFICIAL;
        Init tokenInit = new Init.NormalInit(timm ? 1e-6 : 1);
        Init posInit = timm ? new Init.TruncatedNormalInit(0.02) : new Init.NormalInit(1);

        Tensor x = g.input("image", image.height(), image.width(), image.channels()); // [H, W, C]
        if (resnet.isPresent()) x = resnet.get().build(g.scope("patch_embed.backbone"), x);
        x = new PatchEmbed(patchHeight, patchWidth, dim, !preNorm).build(g.scope("patch_embed"), x); // [T, D]
        if (!posPrefix) x = g.addPositions("pos_embed", x, Role.POSITION, posInit, grid(0));
        int patches = x.dim(0);
        x = prefix(g, prepend.apply(x), tokenInit); // [1 + R + T, D]
        return posPrefix ? g.addPositions("pos_embed", x, Role.POSITION, posInit, grid(x.dim(0) - patches)) : x;
    }

    private PositionGrid grid(int prefix) {
        int stride = resnet.map(ResNetV2::stride).orElse(1);
        return new PositionGrid(prefix, image.height() / (patchHeight * stride), image.width() / (patchWidth * stride));
    }

    /** Transformer blocks: [T, D] -> [T, D] */
    Tensor encode(Graph g, Tensor x) {
        x = g.dropout("pos_drop", x, drops.embed());
        if (preNorm) x = g.layerNorm("norm_pre", x, normEps);
        for (int i = 0; i < depth; i++) {
            x = block(g.scope("blocks." + i), x, drops.path(i, depth));
        }
        return x;
    }

    /** [T, D] -> [1 + R + T, D]: class token, registers, patches. */
    private Tensor prefix(Graph g, Tensor x, Init init) {
        if (registers > 0) x = g.concat("with_registers", 0, g.learnedTokens("reg_token", x, registers, init), x);
        return classToken ? g.concat("tokens", 0, g.learnedTokens("cls_token", x, 1, init), x) : x;
    }

    /** Pre-norm: x + attn(LN(x)), then x + mlp(LN(x)). */
    private Tensor block(Graph g, Tensor x, double path) {
        double scale = 1 / Math.sqrt(headDim);
        OptionalDouble qk = qkNorm ? OptionalDouble.of(normEps) : OptionalDouble.empty();
        // vit-pytorch has no output projection when a single head has the full width.
        boolean project = flavor == Flavor.OFFICIAL || heads > 1 || headDim != dim;
        var attention = new Attention(heads, headDim, scale, qkvBias, qk, project, drops.attn(), drops.proj());
        var mlp = new Mlp(mlpDim, activation, drops.proj());

        x = residual(g, "attns", "1", x, path, (b, y) -> attention.build(b.scope("attn"), y)); // [T, D]
        return residual(g, "ffns", "2", x, path, (b, y) -> mlp.build(b.scope("mlp"), y)); // [T, D]
    }

    /** Adds one residual branch, or the sum of {@code parallel} branches: x + f(LN(x)). Names are those of timm. */
    private Tensor residual(
            Graph g, String parallelScope, String number, Tensor x, double path, BiFunction<Graph, Tensor, Tensor> f) {
        Tensor[] branches = new Tensor[parallel];
        for (int j = 0; j < parallel; j++) {
            Graph b = parallel == 1 ? g : g.scope(parallelScope + "." + j);
            String suffix = parallel == 1 ? number : "";
            Tensor y = f.apply(b, b.layerNorm("norm" + suffix, x, normEps)); // [T, D]
            if (layerScale.isPresent()) {
                y = b.layerScale("ls" + suffix, y, new Init.ConstantInit(layerScale.getAsDouble()));
            }
            branches[j] = b.dropPath("drop_path" + suffix, y, path);
        }
        return g.add("add" + number, x, branches); // [T, D]
    }

    /** [T, D] -> [K] */
    Tensor head(Graph g, Tensor x) {
        // LN is applied per token, so only the class token needs it.
        boolean normFirst = pool == TokenPool.MEAN && !fcNorm;
        if (normFirst) x = g.layerNorm("norm", x, normEps); // [T, D]
        Tensor pooled = pool == TokenPool.CLS ? classToken(g, x) : g.mean("pool", pooledTokens(g, x), 0); // [D]
        if (!normFirst) pooled = g.layerNorm(fcNorm ? "fc_norm" : "norm", pooled, normEps);
        return g.dense("head", g.dropout("head_drop", pooled, drops.head()), classes); // [K]
    }

    private Tensor classToken(Graph g, Tensor x) {
        return g.reshape("cls_flat", g.slice("cls", x, 0, 0, 1), dim); // [D]
    }

    /** Tokens that the mean pools: the patches in timm, all tokens in vit-pytorch. */
    private Tensor pooledTokens(Graph g, Tensor x) {
        int prefix = (classToken ? 1 : 0) + registers;
        return flavor == Flavor.COMMUNITY || prefix == 0 ? x : g.slice("patches", x, 0, prefix, x.dim(0));
    }

    @Override
    public List<CheckpointNames> schemes() {
        if (flavor == Flavor.COMMUNITY) return List.of(keys());
        return List.of(keys(), HuggingFaceNames.vit("vit.", "head", "classifier"), HuggingFaceNames.vit(""));
    }

    @Override
    public List<CheckpointNames> importSchemes() {
        List<CheckpointNames> all = new ArrayList<>(schemes());
        if (flavor == Flavor.COMMUNITY) return all;
        all.add(CheckpointNames.of("reg_token", "register_tokens")
                .named("dinov2")
                .then(keys()));
        all.add(HuggingFaceNames.vit5("vit.", "head", "classifier"));
        all.add(HuggingFaceNames.vit5(""));
        all.add(HuggingFaceNames.dinov2("", false));
        all.add(HuggingFaceNames.dinov2("", true));
        all.addAll(GoogleResearchNames.vit(resnet.map(ResNetV2::layers).orElse(List.of())));
        return all;
    }

    @Override
    public CheckpointNames keys() {
        return switch (flavor) {
            case OFFICIAL -> {
                boolean stemOnly = resnet.isPresent() && resnet.get().layers().isEmpty();
                // In timm a stem without stages is the backbone itself.
                CheckpointNames timm = stemOnly
                        ? CheckpointNames.of("patch_embed.backbone.stem", "patch_embed.backbone")
                        : CheckpointNames.SAME;
                yield timm.ignoring(PRETRAINING);
            }
            case COMMUNITY ->
                CheckpointNames.of(
                                "patch_embed.proj", "to_patch_embedding.1",
                                "pos_embed", "pos_embedding",
                                "blocks.{i}.norm1", "transformer.layers.{i}.0.norm",
                                "blocks.{i}.attn.qkv", "transformer.layers.{i}.0.fn.to_qkv",
                                "blocks.{i}.attn.proj", "transformer.layers.{i}.0.fn.to_out.0",
                                "blocks.{i}.norm2", "transformer.layers.{i}.1.norm",
                                "blocks.{i}.mlp.fc1", "transformer.layers.{i}.1.fn.net.0",
                                "blocks.{i}.mlp.fc2", "transformer.layers.{i}.1.fn.net.3",
                                "norm", "mlp_head.0",
                                "fc_norm", "mlp_head.0",
                                "head", "mlp_head.1")
                        .shaped(TensorForm.PATCHES, "patch_embed.proj.kernel");
        };
    }
}
