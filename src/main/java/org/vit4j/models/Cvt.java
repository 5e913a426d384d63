package org.vit4j.models;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.vit4j.checkpoint.names.CheckpointNames;
import org.vit4j.checkpoint.names.CheckpointNames.TensorForm;
import org.vit4j.checkpoint.names.HuggingFaceNames;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;
import org.vit4j.layers.ConvAttention;
import org.vit4j.layers.ConvAttention.ProjectionMethod;
import org.vit4j.layers.ConvEmbed;
import org.vit4j.layers.DropRates;
import org.vit4j.layers.Mlp;
import org.vit4j.layers.PerStage;

/**
 * CvT: "Introducing Convolutions to Vision Transformers", Wu et al. 2021, arXiv:2103.15808. Three stages, each an
 * overlapping convolution to fewer and wider tokens, followed by blocks with convolutional projections.
 *
 * <p>official: microsoft/CvT, {@code lib/models/cls_cvt.py}; community: lucidrains/vit-pytorch 0.20.2, {@code cvt.py},
 * with heads of width 64, GELU, mean pooling instead of a class token, no norm before the head and a layer norm that
 * divides by (standard deviation + epsilon).
 */
public record Cvt(Flavor flavor, ImageSpec image, int classes, List<CvtStage> stages, LinearInit init, double normEps)
        implements ModelConfig {
    /** Width of a head in vit-pytorch, a constant there. */
    private static final int HEAD_DIM = 64;

    /** Initialization of dense layers. */
    public enum LinearInit {
        TRUNC_NORM,
        XAVIER
    }

    /**
     * Stage of CvT.
     *
     * @param embed window of the token embedding
     * @param queries window of the convolution of the queries
     * @param keys window of the convolution of keys and values
     * @param drops rates of this stage; drop path grows from 0 within the stage
     */
    public record CvtStage(
            int dim,
            int depth,
            int heads,
            double mlpRatio,
            Window embed,
            boolean classToken,
            ProjectionMethod projection,
            Window queries,
            Window keys,
            boolean qkvBias,
            DropRates drops) {
        public CvtStage {
            Checks.positive("dim", dim);
            Checks.check(depth >= 0, "depth", depth, "must be at least 0");
            Checks.positive("heads", heads);
            Checks.check((int) (dim * mlpRatio) >= 1, "mlp_ratio", mlpRatio, "is too small for dim (" + dim + ")");
            boolean keepsGrid = queries.strideHeight() == 1 && queries.kernelHeight() == 2 * queries.padHeight() + 1;
            Checks.require(
                    projection != ProjectionMethod.DW_BN || keepsGrid,
                    "the convolution of the queries must keep the grid: q_stride (%d) must be 1 and qkv_kernel (%d)"
                            + " must be 2 x q_padding (%d) + 1",
                    queries.strideHeight(),
                    queries.kernelHeight(),
                    queries.padHeight());
        }
    }

    public Cvt {
        stages = List.copyOf(stages);
        Checks.positive("classes", classes);
        Checks.check(!stages.isEmpty(), "dim", List.of(), "must have at least one stage");
        int h = image.height(), w = image.width();
        for (CvtStage stage : stages) {
            if (flavor == Flavor.OFFICIAL) Checks.divides("heads", stage.heads(), "dim", stage.dim());
            else checkCommunity(stage);
            h = outputSize("embed", "patch_size", stage.embed(), h);
            w = outputSize("embed", "patch_size", stage.embed(), w);
            if (stage.projection() == ProjectionMethod.LINEAR) continue;
            outputSize("keys", "qkv_kernel", stage.keys(), h);
            outputSize("keys", "qkv_kernel", stage.keys(), w);
        }
    }

    private static void checkCommunity(CvtStage stage) {
        Checks.require(!stage.classToken(), "class_token must be false in the community flavor, which pools the mean");
        Checks.require(
                stage.projection() == ProjectionMethod.DW_BN, "projection must be dw_bn in the community flavor");
        Checks.require(!stage.qkvBias(), "qkv_bias must be false in the community flavor");
    }

    private static int outputSize(String part, String key, Window window, int size) {
        int last = size + 2 * window.padHeight() - window.kernelHeight();
        Checks.require(last >= 0, "%s: %s (%d) does not fit into a side of %d", part, key, window.kernelHeight(), size);
        return last / window.strideHeight() + 1;
    }

    static Optional<Cvt> read(Section s, Flavor flavor, ImageSpec image, int classes) {
        boolean microsoft = flavor == Flavor.OFFICIAL;
        List<Integer> dims = s.intsAt("dim", List.of(64, 192, 384));
        int n = dims.size();
        List<Integer> depths = PerStage.ints(s, "depth", n, List.of(1, 2, 10));
        List<Integer> heads = PerStage.ints(s, "heads", n, List.of(1, 3, 6));
        List<Double> ratios = PerStage.doubles(s, "mlp_ratio", n, 4);
        List<Integer> kernels = PerStage.ints(s, "patch_size", n, List.of(7, 3, 3));
        List<Integer> strides = PerStage.ints(s, "patch_stride", n, List.of(4, 2, 2));
        List<Integer> half = kernels.stream().map(kernel -> kernel / 2).toList();
        List<Integer> pads = PerStage.ints(s, "patch_padding", n, microsoft ? List.of(2, 1, 1) : half);
        List<Boolean> tokens = PerStage.spread(
                s, "class_token", n, s.boolsAt("class_token", microsoft ? lastOnly(n) : List.of(false)));
        List<ProjectionMethod> methods =
                PerStage.choices(s, "projection", n, ProjectionMethod.class, ProjectionMethod.DW_BN);
        List<Integer> qkvKernels = PerStage.ints(s, "qkv_kernel", n, List.of(3));
        List<Integer> qkvHalf = qkvKernels.stream().map(kernel -> kernel / 2).toList();
        List<Integer> qPads = PerStage.ints(s, "q_padding", n, microsoft ? List.of(1) : qkvHalf);
        List<Integer> kvPads = PerStage.ints(s, "kv_padding", n, microsoft ? List.of(1) : qkvHalf);
        List<Integer> qStrides = PerStage.ints(s, "q_stride", n, List.of(1));
        List<Integer> kvStrides = PerStage.ints(s, "kv_stride", n, List.of(2));
        List<Boolean> biases = PerStage.spread(s, "qkv_bias", n, s.boolsAt("qkv_bias", List.of(microsoft)));
        List<Double> embedDrops = PerStage.doubles(s, "pos_drop", n, 0);
        List<Double> projDrops = PerStage.doubles(s, "proj_drop", n, 0);
        List<Double> attnDrops = PerStage.doubles(s, "attn_drop", n, 0);
        List<Double> pathDrops = PerStage.doubles(s, "drop_path", n, 0);
        LinearInit init = s.enumAt("init", LinearInit.class, LinearInit.TRUNC_NORM);
        double eps = s.doubleAt("norm_eps", 1e-5);
        return s.build(() -> {
            List<CvtStage> stages = new ArrayList<>();
            for (int i = 0; i < n; i++) {
                stages.add(new CvtStage(
                        dims.get(i),
                        depths.get(i),
                        heads.get(i),
                        ratios.get(i),
                        Window.square(kernels.get(i), strides.get(i), pads.get(i)),
                        tokens.get(i),
                        methods.get(i),
                        Window.square(qkvKernels.get(i), qStrides.get(i), qPads.get(i)),
                        Window.square(qkvKernels.get(i), kvStrides.get(i), kvPads.get(i)),
                        biases.get(i),
                        new DropRates(embedDrops.get(i), projDrops.get(i), attnDrops.get(i), pathDrops.get(i), 0)));
            }
            return new Cvt(flavor, image, classes, stages, init, eps);
        });
    }

    private static List<Boolean> lastOnly(int count) {
        List<Boolean> tokens = new ArrayList<>(Collections.nCopies(count, false));
        if (count > 0) tokens.set(count - 1, true);
        return tokens;
    }

    @Override
    public String arch() {
        return "cvt";
    }

    @Override
    public Graph build() {
        Graph g = new Graph(scheme());
        Tensor x = g.input("image", image.height(), image.width(), image.channels()); // [H, W, C]
        Tensor tokens = x;
        for (int i = 0; i < stages.size(); i++) {
            CvtStage stage = stages.get(i);
            Graph s = g.scope("stage" + i);
            Tensor grid = ConvEmbed.build(
                    s.scope("patch_embed"), x, stage.dim(), stage.embed(), (e, y) -> norm(e, "norm", y)); // [h, w, D]
            tokens = blocks(s, grid, stage); // [T, D] or [1 + T, D]
            if (i == stages.size() - 1) break;
            // A class token before the last stage takes part in the blocks of its stage and is then dropped.
            Tensor patches = stage.classToken() ? s.slice("patches_out", tokens, 0, 1, tokens.dim(0)) : tokens;
            x = s.reshape("out", patches, grid.dim(0), grid.dim(1), stage.dim()); // [h, w, D]
        }
        g.output("logits", head(g, tokens));
        return g;
    }

    private Init.InitScheme scheme() {
        if (flavor == Flavor.COMMUNITY) return Init.PYTORCH;
        return switch (init) {
            case TRUNC_NORM -> Init.TIMM;
            case XAVIER -> Init.XAVIER;
        };
    }

    private Tensor blocks(Graph g, Tensor grid, CvtStage stage) {
        int h = grid.dim(0), w = grid.dim(1);
        Tensor x = g.reshape("patches", grid, h * w, stage.dim()); // [T, D]
        if (stage.classToken()) {
            Tensor cls = g.learnedTokens("cls_token", x, 1, new Init.TruncatedNormalInit(0.02));
            x = g.concat("tokens", 0, cls, x); // [1 + T, D]
        }
        x = g.dropout("pos_drop", x, stage.drops().embed());
        for (int j = 0; j < stage.depth(); j++) {
            Graph b = g.scope("blocks." + j);
            double path = stage.drops().path(j, stage.depth());
            Tensor y = attention(b.scope("attn"), norm(b, "norm1", x), h, w, stage);
            x = b.add("add1", x, b.dropPath("drop_path1", y, path));
            y = mlp(stage).build(b.scope("mlp"), norm(b, "norm2", x));
            x = b.add("add2", x, b.dropPath("drop_path2", y, path));
        }
        return x;
    }

    private Tensor attention(Graph g, Tensor x, int h, int w, CvtStage s) {
        boolean microsoft = flavor == Flavor.OFFICIAL;
        int dim = microsoft ? s.dim() : s.heads() * HEAD_DIM;
        // Microsoft scales by the total width instead of the head width; published weights were trained that way.
        double scale = 1 / Math.sqrt(microsoft ? s.dim() : HEAD_DIM);
        var attention = new ConvAttention(
                s.heads(),
                dim,
                scale,
                s.qkvBias(),
                s.projection(),
                s.queries(),
                s.keys(),
                s.drops().attn(),
                s.drops().proj());
        return microsoft ? attention.build(g, x, h, w, s.classToken()) : attention.buildFusedKv(g, x, h, w);
    }

    private Mlp mlp(CvtStage s) {
        Activation activation = flavor == Flavor.OFFICIAL ? Activation.QUICK_GELU : Activation.GELU;
        return new Mlp((int) (s.dim() * s.mlpRatio()), activation, s.drops().proj());
    }

    private Tensor norm(Graph g, String name, Tensor x) {
        return switch (flavor) {
            case OFFICIAL -> g.layerNorm(name, x, normEps);
            case COMMUNITY -> g.channelNorm(name, x, normEps);
        };
    }

    /** [1 + T, D] -> [K] from the class token, or [T, D] -> [K] from the mean. */
    private Tensor head(Graph g, Tensor x) {
        int last = stages.size() - 1;
        if (flavor == Flavor.COMMUNITY) return g.dense("head", g.mean("pool", x, 0), classes);
        // The authors initialize the kernel with std 0.02 for every value of init, and the bias as PyTorch does.
        Graph h = g.withInit(new Init.MixedScheme(Init.TIMM::denseKernel, Init.PYTORCH));
        if (!stages.get(last).classToken()) {
            return h.dense("head", g.mean("pool", g.layerNorm("norm", x, normEps), 0), classes);
        }
        Tensor cls = g.reshape("cls_flat", g.slice("cls", x, 0, 0, 1), x.dim(1)); // [D]
        return h.dense("head", g.layerNorm("norm", cls, normEps), classes);
    }

    @Override
    public List<CheckpointNames> schemes() {
        return flavor == Flavor.COMMUNITY ? List.of(keys()) : List.of(keys(), HuggingFaceNames.cvt());
    }

    @Override
    public CheckpointNames keys() {
        return switch (flavor) {
            case OFFICIAL -> CheckpointNames.SAME;
            // The community code keeps images [C, H, W] instead of tokens.
            case COMMUNITY ->
                CheckpointNames.of(communityKeys().toArray(String[]::new))
                        .shaped(TensorForm.CHANNELS, "stage{i}.patch_embed.norm.*", "stage{i}.blocks.{i}.norm{i}.*")
                        .shaped(
                                TensorForm.PIXEL,
                                "stage{i}.blocks.{i}.attn.proj*.kernel",
                                "stage{i}.blocks.{i}.mlp.*.kernel");
        };
    }

    private List<String> communityKeys() {
        List<String> pairs = new ArrayList<>();
        norm(pairs, "stage{i}.patch_embed.norm", "layers.{i}.1");
        Collections.addAll(pairs, "stage{i}.patch_embed.proj", "layers.{i}.0");
        String block = "stage{i}.blocks.{i}.";
        String layer = "layers.{i}.2.layers.{i}.";
        norm(pairs, block + "norm1", layer + "0.norm");
        norm(pairs, block + "norm2", layer + "1.norm");
        for (String part : List.of("q", "kv")) {
            String net = layer + "0.fn.to_" + part + ".net.";
            Collections.addAll(pairs, block + "attn.conv_proj_" + part + ".conv", net + "0");
            Collections.addAll(pairs, block + "attn.conv_proj_" + part + ".bn", net + "1");
            Collections.addAll(pairs, block + "attn.proj_" + part, net + "2");
        }
        Collections.addAll(pairs, block + "attn.proj", layer + "0.fn.to_out.0");
        Collections.addAll(pairs, block + "mlp.fc1", layer + "1.fn.net.0", block + "mlp.fc2", layer + "1.fn.net.3");
        Collections.addAll(pairs, "head", "layers." + (stages.size() + 2));
        return pairs;
    }

    private static void norm(List<String> pairs, String module, String key) {
        Collections.addAll(pairs, module + ".gamma", key + ".g", module + ".beta", key + ".b");
    }
}
