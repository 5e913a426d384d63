package org.vit4j.models;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.vit4j.checkpoint.names.CheckpointNames;
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
import org.vit4j.layers.ConvHeadPooling;
import org.vit4j.layers.DropRates;
import org.vit4j.layers.Mlp;

/**
 * PiT: "Rethinking Spatial Dimensions of Vision Transformers", Heo et al. 2021, arXiv:2103.16302. A ViT in stages that
 * pools the patch grid between stages, like a convolutional network.
 *
 * <p>official: huggingface/pytorch-image-models 0.9.16, {@code timm/models/pit.py} (equal to naver-ai/pit); community:
 * lucidrains/vit-pytorch 0.20.2, {@code pit.py}.
 *
 * @param stride stride of the overlapping patches
 * @param distilled true for a distillation token and a second head
 */
public record Pit(
        Flavor flavor,
        ImageSpec image,
        int classes,
        int patchHeight,
        int patchWidth,
        int stride,
        List<PitStage> stages,
        boolean qkvBias,
        boolean distilled,
        double normEps,
        DropRates drops)
        implements ModelConfig {

    /**
     * Sizes of a stage.
     *
     * @param headDim width of a head; dim / heads in timm, called {@code base_dims}
     */
    public record PitStage(int dim, int depth, int heads, int headDim, int mlpDim) {
        public PitStage {
            Checks.positive("dim", dim);
            Checks.positive("depth", depth);
            Checks.positive("heads", heads);
            Checks.positive("head_dim", headDim);
            Checks.positive("mlp_dim", mlpDim);
        }
    }

    public Pit {
        stages = List.copyOf(stages);
        Checks.positive("classes", classes);
        Checks.positive("patch_size", patchHeight, patchWidth);
        Checks.positive("stride", stride);
        Checks.check(!stages.isEmpty(), "depth", List.of(), "must have at least one stage");
        Checks.require(
                patchHeight <= image.height() && patchWidth <= image.width(),
                "patch_size (%d x %d) must not exceed the image (%d x %d)",
                patchHeight,
                patchWidth,
                image.height(),
                image.width());
        for (int i = 1; i < stages.size(); i++) {
            Checks.divides(
                    "width of stage " + (i - 1), stages.get(i - 1).dim, "width of stage " + i, stages.get(i).dim);
        }
        if (flavor == Flavor.COMMUNITY) {
            Checks.divides("patch_size", patchHeight, "image height", image.height());
            Checks.divides("patch_size", patchWidth, "image width", image.width());
            Checks.require(!distilled, "distilled (true) needs the official flavor");
        }
    }

    static Optional<Pit> read(Section s, Flavor flavor, ImageSpec image, int classes) {
        boolean timm = flavor == Flavor.OFFICIAL;
        int[] patch = s.heightWidthAt("patch_size", timm ? 16 : 14);
        int stride = s.intAt("stride", timm ? 8 : patch[0] / 2);
        List<Integer> depth = s.intsAt("depth", timm ? List.of(2, 6, 4) : List.of(3, 3, 3));
        List<Integer> heads = perStage(s, "heads", timm ? List.of(2, 4, 8) : List.of(16), depth);
        List<Integer> headDim = perStage(s, "head_dim", List.of(timm ? 48 : 64), depth);
        List<Integer> dims = timm ? products(heads, headDim) : doubled(s.intAt("dim", 256), depth.size());
        if (timm && s.has("dim")) s.reject("dim", "is heads x head_dim in the official flavor; remove the key");
        List<Integer> mlpDims = mlpDims(s, timm, dims);
        boolean qkvBias = s.boolAt("qkv_bias", timm);
        boolean distilled = s.boolAt("distilled", false);
        double eps = s.doubleAt("norm_eps", timm ? 1e-6 : 1e-5);
        DropRates drops = DropRates.read(s);
        return s.build(() -> {
            List<PitStage> stages = new ArrayList<>();
            for (int i = 0; i < depth.size(); i++) {
                stages.add(new PitStage(dims.get(i), depth.get(i), heads.get(i), headDim.get(i), mlpDims.get(i)));
            }
            return new Pit(flavor, image, classes, patch[0], patch[1], stride, stages, qkvBias, distilled, eps, drops);
        });
    }

    /** Reads one value per stage, or one value for all stages. */
    private static List<Integer> perStage(Section s, String key, List<Integer> standard, List<Integer> depth) {
        List<Integer> values = s.intsAt(key, standard);
        if (values.size() == depth.size()) return values;
        if (values.size() != 1) {
            s.reject(key, "expected one value or as many as depth (" + depth.size() + "), got " + values.size());
        }
        return Collections.nCopies(depth.size(), values.get(0));
    }

    private static List<Integer> products(List<Integer> heads, List<Integer> headDim) {
        return IntStream.range(0, heads.size())
                .mapToObj(i -> heads.get(i) * headDim.get(i))
                .toList();
    }

    /** Widths of the stages in vit-pytorch, doubled by every pooling. */
    private static List<Integer> doubled(int dim, int stages) {
        return IntStream.range(0, stages).mapToObj(i -> dim << i).toList();
    }

    /** MLP widths: proportional to the width of the stage as in timm, or equal in all stages as in vit-pytorch. */
    private static List<Integer> mlpDims(Section s, boolean timm, List<Integer> dims) {
        if (s.has("mlp_dim") || (!timm && !s.has("mlp_ratio"))) {
            return Collections.nCopies(dims.size(), s.intAt("mlp_dim", 2048));
        }
        double ratio = s.doubleAt("mlp_ratio", 4);
        return dims.stream().map(dim -> (int) (dim * ratio)).toList();
    }

    @Override
    public String arch() {
        return "pit";
    }

    @Override
    public Graph build() {
        boolean timm = flavor == Flavor.OFFICIAL;
        // Unlike ViT and DeiT, the authors keep PyTorch's defaults for dense layers.
        Graph g = new Graph(Init.PYTORCH);
        Init init = timm ? new Init.TruncatedNormalInit(0.02) : new Init.NormalInit(1);
        int prefix = distilled ? 2 : 1;
        int total = stages.stream().mapToInt(PitStage::depth).sum();

        Tensor image = g.input("image", image().height(), image().width(), image().channels()); // [H, W, C]
        Tensor grid = embed(g.scope("patch_embed"), image); // [h, w, D]
        PositionGrid cells = new PositionGrid(0, grid.dim(0), grid.dim(1));
        if (timm) {
            grid = g.addPositions("pos_embed", grid, Role.POSITION, init, cells);
            grid = g.dropout("pos_drop", grid, drops.embed());
        }
        Tensor cls = g.learnedTokens("cls_token", flat(g, "patches", grid), prefix, init); // [n, D]
        int block = 0;
        for (int i = 0; i < stages.size(); i++) {
            Graph t = g.scope("transformers." + i);
            PitStage stage = stages.get(i);
            if (i > 0) {
                ConvHeadPooling pool = new ConvHeadPooling(stage.dim, 2, !timm);
                grid = pool.grid(t.scope("pool"), grid); // [h / 2, w / 2, D']
                cls = pool.tokens(t.scope("pool"), cls); // [n, D']
            }
            Tensor x = t.concat("tokens", 0, cls, flat(t, "patches", grid)); // [n + T, D]
            // The position table of vit-pytorch includes the class token.
            if (i == 0 && !timm) {
                PositionGrid positions = new PositionGrid(prefix, cells.height(), cells.width());
                x = g.dropout(
                        "pos_drop", g.addPositions("pos_embed", x, Role.POSITION, init, positions), drops.embed());
            }
            for (int j = 0; j < stage.depth; j++, block++) {
                x = block(t.scope("blocks." + j), x, stage, drops.path(block, total)); // [n + T, D]
            }
            cls = t.slice("cls", x, 0, 0, prefix); // [n, D]
            if (i + 1 < stages.size()) {
                Tensor rest = t.slice("patches_out", x, 0, prefix, x.dim(0)); // [T, D]
                grid = t.reshape("grid", rest, grid.dim(0), grid.dim(1), stage.dim); // [h, w, D]
            }
        }
        heads(g, g.layerNorm("norm", cls, normEps));
        return g;
    }

    /** Overlapping patches without padding: [H, W, C] -> [h, w, D]. */
    private Tensor embed(Graph g, Tensor image) {
        Window window = new Window(patchHeight, patchWidth, stride, stride, 0, 0, 1);
        int dim = stages.get(0).dim;
        if (flavor == Flavor.OFFICIAL) return g.conv2d("conv", image, dim, window, 1, true);
        // Equivalent to the convolution, but vit-pytorch stores the kernel as a matrix over (channel, row, column).
        Tensor patches = g.unfold("unfold", image, window); // [T, C * P * P]
        int height = (image.dim(0) - patchHeight) / stride + 1;
        return g.reshape("grid", g.dense("proj", patches, dim), height, patches.dim(0) / height, dim);
    }

    private static Tensor flat(Graph g, String name, Tensor grid) {
        return g.reshape(name, grid, grid.dim(0) * grid.dim(1), grid.dim(2)); // [T, D]
    }

    /** Pre-norm block of ViT: x + attn(LN(x)), then x + mlp(LN(x)). */
    private Tensor block(Graph g, Tensor x, PitStage stage, double path) {
        double scale = 1 / Math.sqrt(stage.headDim);
        // vit-pytorch has no output projection when a single head has the full width.
        boolean project = flavor == Flavor.OFFICIAL || stage.heads > 1 || stage.headDim != stage.dim;
        var attention = new Attention(
                stage.heads,
                stage.headDim,
                scale,
                qkvBias,
                OptionalDouble.empty(),
                project,
                drops.attn(),
                drops.proj());
        var mlp = new Mlp(stage.mlpDim, Activation.GELU, drops.proj());
        Tensor context = attention.build(g.scope("attn"), g.layerNorm("norm1", x, normEps)); // [T, D]
        x = g.add("add1", x, g.dropPath("drop_path1", context, path));
        Tensor y = mlp.build(g.scope("mlp"), g.layerNorm("norm2", x, normEps)); // [T, D]
        return g.add("add2", x, g.dropPath("drop_path2", y, path));
    }

    /** [n, D] -> [K]; with two tokens each has a head, and the logits are the mean of both. */
    private void heads(Graph g, Tensor tokens) {
        Tensor classLogits = head(g, "head", tokens, 0); // [K]
        if (!distilled) {
            g.output("logits", classLogits);
            return;
        }
        // timm 0.9.16 applies this head to the class token by mistake; the authors' code uses the distillation token.
        Tensor distillLogits = head(g, "head_dist", tokens, 1); // [K]
        g.output("logits", g.scale("mean", g.add("sum", classLogits, distillLogits), 0.5));
        g.output("logits_class", classLogits);
        g.output("logits_distill", distillLogits);
    }

    private Tensor head(Graph g, String name, Tensor tokens, int index) {
        Tensor token = g.slice(name + ".slice", tokens, 0, index, index + 1); // [1, D]
        Tensor dropped =
                g.dropout(name + ".drop", g.reshape(name + ".token", token, tokens.dim(1)), drops.head()); // [D]
        return g.dense(name, dropped, classes); // [K]
    }

    @Override
    public List<CheckpointNames> schemes() {
        if (flavor == Flavor.COMMUNITY) return List.of(keys());
        List<String> pools = new ArrayList<>();
        for (int i = 1; i < stages.size(); i++) {
            Collections.addAll(pools, "transformers." + i + ".pool", "pools." + (i - 1));
        }
        return List.of(
                keys(),
                CheckpointNames.of(pools.toArray(String[]::new))
                        .named("authors")
                        .then(keys()));
    }

    @Override
    public CheckpointNames keys() {
        return switch (flavor) {
            case OFFICIAL -> CheckpointNames.of("pos_embed", "pos_embed^T"); // [1, C, H, W] in timm
            case COMMUNITY -> {
                List<String> pairs = new ArrayList<>(List.of(
                        "patch_embed.proj", "to_patch_embedding.2",
                        "pos_embed", "pos_embedding",
                        "norm", "mlp_head.0",
                        "head", "mlp_head.1"));
                // In vit-pytorch stages and poolings are one list: stage, pooling, stage, ...
                for (int i = 0; i < stages.size(); i++) pairs.addAll(vitPytorchNames("transformers." + i + ".", 2 * i));
                yield CheckpointNames.of(pairs.toArray(String[]::new));
            }
        };
    }

    private static List<String> vitPytorchNames(String stage, int index) {
        String block = stage + "blocks.{i}.";
        String layer = "layers." + index + ".layers.{i}.";
        String pool = "layers." + (index - 1) + ".";
        return List.of(
                stage + "pool.conv", pool + "downsample.net.0",
                stage + "pool.point", pool + "downsample.net.1",
                stage + "pool.fc", pool + "cls_ff",
                block + "norm1", layer + "0.norm",
                block + "attn.qkv", layer + "0.fn.to_qkv",
                block + "attn.proj", layer + "0.fn.to_out.0",
                block + "norm2", layer + "1.norm",
                block + "mlp.fc1", layer + "1.fn.net.0",
                block + "mlp.fc2", layer + "1.fn.net.3");
    }
}
