package org.vit4j.arch;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.vit4j.arch.KeyScheme.Form;
import org.vit4j.block.ConvAttention;
import org.vit4j.block.ConvAttention.Method;
import org.vit4j.block.ConvEmbed;
import org.vit4j.block.Mlp;
import org.vit4j.config.Section;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * CvT: "Introducing Convolutions to Vision Transformers", Wu et al. 2021, arXiv:2103.15808. Three stages, each an
 * overlapping convolution that makes fewer and wider tokens, then blocks whose queries, keys and values are convolved.
 *
 * <p>official: microsoft/CvT, {@code lib/models/cls_cvt.py}; community: lucidrains/vit-pytorch 0.20.2, {@code cvt.py},
 * which has heads of 64, GELU, a mean in place of the class token, no norm in front of the head and a layer norm that
 * divides by (deviation + epsilon).
 */
public record Cvt(Flavour flavour, ImageSpec image, int classes, List<Stage> stages, Linears init, double normEps)
        implements ModelConfig {
    /** Width of a head in vit-pytorch, where nothing can change it. */
    private static final int HEAD_DIM = 64;

    /** How dense layers start. */
    public enum Linears {
        TRUNC_NORM,
        XAVIER
    }

    /**
     * One stage.
     *
     * @param embed the convolution that makes its tokens
     * @param queries how queries see their neighbours
     * @param keys how keys and values do
     * @param drops rates of this stage; drop path grows from 0 within it
     */
    public record Stage(
            int dim,
            int depth,
            int heads,
            double mlpRatio,
            Window embed,
            boolean classToken,
            Method projection,
            Window queries,
            Window keys,
            boolean qkvBias,
            Drops drops) {
        public Stage {
            Rules.positive("dim", dim);
            Rules.require(depth >= 0, "depth (%d) must be at least 0", depth);
            Rules.positive("heads", heads);
            Rules.require((int) (dim * mlpRatio) >= 1, "mlp_ratio (%s) leaves no MLP of width %d", mlpRatio, dim);
            boolean keeps = queries.strideHeight() == 1 && queries.kernelHeight() == 2 * queries.padHeight() + 1;
            Rules.require(
                    projection != Method.DW_BN || keeps,
                    "queries must be as many as tokens: q_stride (%d) 1, qkv_kernel (%d) twice q_padding (%d) and one",
                    queries.strideHeight(),
                    queries.kernelHeight(),
                    queries.padHeight());
        }
    }

    public Cvt {
        stages = List.copyOf(stages);
        Rules.positive("classes", classes);
        Rules.require(!stages.isEmpty(), "dim must name the width of at least one stage");
        int h = image.height(), w = image.width();
        for (Stage stage : stages) {
            if (flavour == Flavour.OFFICIAL) Rules.divides("heads", stage.heads(), "dim", stage.dim());
            else plain(stage);
            h = cells("embed", "patch_size", stage.embed(), h);
            w = cells("embed", "patch_size", stage.embed(), w);
            if (stage.projection() == Method.LINEAR) continue;
            cells("keys", "qkv_kernel", stage.keys(), h);
            cells("keys", "qkv_kernel", stage.keys(), w);
        }
    }

    private static void plain(Stage stage) {
        Rules.require(!stage.classToken(), "class_token must be false in the community flavour: it takes the mean");
        Rules.require(stage.projection() == Method.DW_BN, "projection must be dw_bn in the community flavour");
        Rules.require(!stage.qkvBias(), "qkv_bias must be false in the community flavour");
    }

    private static int cells(String what, String key, Window window, int size) {
        int reach = size + 2 * window.padHeight() - window.kernelHeight();
        Rules.require(reach >= 0, "%s: %s (%d) does not fit into a side of %d", what, key, window.kernelHeight(), size);
        return reach / window.strideHeight() + 1;
    }

    static Optional<Cvt> read(Section s, Flavour flavour, ImageSpec image, int classes) {
        boolean microsoft = flavour == Flavour.OFFICIAL;
        List<Integer> dims = s.intsAt("dim", List.of(64, 192, 384));
        int n = dims.size();
        List<Integer> depths = Stages.ints(s, "depth", n, List.of(1, 2, 10));
        List<Integer> heads = Stages.ints(s, "heads", n, List.of(1, 3, 6));
        List<Double> ratios = Stages.doubles(s, "mlp_ratio", n, 4);
        List<Integer> kernels = Stages.ints(s, "patch_size", n, List.of(7, 3, 3));
        List<Integer> strides = Stages.ints(s, "patch_stride", n, List.of(4, 2, 2));
        List<Integer> half = kernels.stream().map(kernel -> kernel / 2).toList();
        List<Integer> pads = Stages.ints(s, "patch_padding", n, microsoft ? List.of(2, 1, 1) : half);
        List<Boolean> tokens =
                Stages.spread(s, "class_token", n, s.boolsAt("class_token", microsoft ? lastOnly(n) : List.of(false)));
        List<Method> methods = Stages.words(s, "projection", n, Method.class, Method.DW_BN);
        List<Integer> qkvKernels = Stages.ints(s, "qkv_kernel", n, List.of(3));
        List<Integer> qkvHalf = qkvKernels.stream().map(kernel -> kernel / 2).toList();
        List<Integer> qPads = Stages.ints(s, "q_padding", n, microsoft ? List.of(1) : qkvHalf);
        List<Integer> kvPads = Stages.ints(s, "kv_padding", n, microsoft ? List.of(1) : qkvHalf);
        List<Integer> qStrides = Stages.ints(s, "q_stride", n, List.of(1));
        List<Integer> kvStrides = Stages.ints(s, "kv_stride", n, List.of(2));
        List<Boolean> biases = Stages.spread(s, "qkv_bias", n, s.boolsAt("qkv_bias", List.of(microsoft)));
        List<Double> embedDrops = Stages.doubles(s, "pos_drop", n, 0);
        List<Double> projDrops = Stages.doubles(s, "proj_drop", n, 0);
        List<Double> attnDrops = Stages.doubles(s, "attn_drop", n, 0);
        List<Double> pathDrops = Stages.doubles(s, "drop_path", n, 0);
        Linears init = s.oneOf("init", Linears.class, Linears.TRUNC_NORM);
        double eps = s.doubleAt("norm_eps", 1e-5);
        return s.build(() -> {
            List<Stage> stages = new ArrayList<>();
            for (int i = 0; i < n; i++) {
                stages.add(new Stage(
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
                        new Drops(embedDrops.get(i), projDrops.get(i), attnDrops.get(i), pathDrops.get(i), 0)));
            }
            return new Cvt(flavour, image, classes, stages, init, eps);
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
            Stage stage = stages.get(i);
            Graph s = g.at("stage" + i);
            Tensor grid = ConvEmbed.build(
                    s.at("patch_embed"), x, stage.dim(), stage.embed(), (e, y) -> norm(e, "norm", y)); // [h, w, D]
            tokens = blocks(s, grid, stage); // [T, D] or [1 + T, D]
            if (i == stages.size() - 1) break;
            // A class token before the last stage was heard by its blocks and goes no further.
            Tensor cells = stage.classToken() ? s.slice("cells", tokens, 0, 1, tokens.dim(0)) : tokens;
            x = s.reshape("out", cells, grid.dim(0), grid.dim(1), stage.dim()); // [h, w, D]
        }
        g.output("logits", head(g, tokens));
        return g;
    }

    private Init.Scheme scheme() {
        if (flavour == Flavour.COMMUNITY) return Init.PYTORCH;
        return switch (init) {
            case TRUNC_NORM -> Init.TIMM;
            case XAVIER -> Init.XAVIER;
        };
    }

    private Tensor blocks(Graph g, Tensor grid, Stage stage) {
        int h = grid.dim(0), w = grid.dim(1);
        Tensor x = g.reshape("tokens", grid, h * w, stage.dim()); // [T, D]
        if (stage.classToken()) {
            Tensor cls = g.tokens("cls_token", x, 1, new Init.TruncatedNormal(0.02));
            x = g.concat("joined", 0, cls, x); // [1 + T, D]
        }
        x = g.dropout("pos_drop", x, stage.drops().embed());
        for (int j = 0; j < stage.depth(); j++) {
            Graph b = g.at("blocks." + j);
            double path = stage.drops().path(j, stage.depth());
            Tensor y = attention(b.at("attn"), norm(b, "norm1", x), h, w, stage);
            x = b.add("add1", x, b.dropPath("drop_path1", y, path));
            y = mlp(stage).build(b.at("mlp"), norm(b, "norm2", x));
            x = b.add("add2", x, b.dropPath("drop_path2", y, path));
        }
        return x;
    }

    private Tensor attention(Graph g, Tensor x, int h, int w, Stage s) {
        boolean microsoft = flavour == Flavour.OFFICIAL;
        int dim = microsoft ? s.dim() : s.heads() * HEAD_DIM;
        // Microsoft scales by the whole width, not by a head's; published weights were trained so.
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
        return microsoft ? attention.build(g, x, h, w, s.classToken()) : attention.joint(g, x, h, w);
    }

    private Mlp mlp(Stage s) {
        Activation activation = flavour == Flavour.OFFICIAL ? Activation.QUICK_GELU : Activation.GELU;
        return new Mlp((int) (s.dim() * s.mlpRatio()), activation, s.drops().proj());
    }

    private Tensor norm(Graph g, String name, Tensor x) {
        return switch (flavour) {
            case OFFICIAL -> g.layerNorm(name, x, normEps);
            case COMMUNITY -> g.channelNorm(name, x, normEps);
        };
    }

    /** [1 + T, D] -> [K] from the class token, or [T, D] -> [K] from the mean. */
    private Tensor head(Graph g, Tensor x) {
        int last = stages.size() - 1;
        if (flavour == Flavour.COMMUNITY) return g.dense("head", g.mean("pool", x, 0), classes);
        // The authors start the kernel with std 0.02 whatever init says, and leave the bias as PyTorch makes it.
        Graph h = g.with(new Init.Mixed(Init.TIMM::denseKernel, Init.PYTORCH));
        if (!stages.get(last).classToken()) {
            return h.dense("head", g.mean("pool", g.layerNorm("norm", x, normEps), 0), classes);
        }
        Tensor cls = g.reshape("cls", g.slice("cls_slice", x, 0, 0, 1), x.dim(1)); // [D]
        return h.dense("head", g.layerNorm("norm", cls, normEps), classes);
    }

    @Override
    public List<KeyScheme> schemes() {
        return flavour == Flavour.COMMUNITY ? List.of(keys()) : List.of(keys(), HuggingFace.cvt());
    }

    @Override
    public KeyScheme keys() {
        return switch (flavour) {
            case OFFICIAL -> KeyScheme.SAME;
            // Images throughout there.
            case COMMUNITY ->
                KeyScheme.of(communityKeys().toArray(String[]::new))
                        .shaped(Form.CHANNELS, "stage{i}.patch_embed.norm.*", "stage{i}.blocks.{i}.norm{i}.*")
                        .shaped(
                                Form.PIXEL,
                                "stage{i}.blocks.{i}.attn.proj*.kernel",
                                "stage{i}.blocks.{i}.mlp.*.kernel");
        };
    }

    private List<String> communityKeys() {
        List<String> pairs = new ArrayList<>();
        norm(pairs, "stage{i}.patch_embed.norm", "layers.{i}.1");
        Collections.addAll(pairs, "stage{i}.patch_embed.proj", "layers.{i}.0");
        String block = "stage{i}.blocks.{i}.";
        String theirs = "layers.{i}.2.layers.{i}.";
        norm(pairs, block + "norm1", theirs + "0.norm");
        norm(pairs, block + "norm2", theirs + "1.norm");
        for (String part : List.of("q", "kv")) {
            String net = theirs + "0.fn.to_" + part + ".net.";
            Collections.addAll(pairs, block + "attn.conv_proj_" + part + ".conv", net + "0");
            Collections.addAll(pairs, block + "attn.conv_proj_" + part + ".bn", net + "1");
            Collections.addAll(pairs, block + "attn.proj_" + part, net + "2");
        }
        Collections.addAll(pairs, block + "attn.proj", theirs + "0.fn.to_out.0");
        Collections.addAll(pairs, block + "mlp.fc1", theirs + "1.fn.net.0", block + "mlp.fc2", theirs + "1.fn.net.3");
        Collections.addAll(pairs, "head", "layers." + (stages.size() + 2));
        return pairs;
    }

    private static void norm(List<String> pairs, String ours, String theirs) {
        Collections.addAll(pairs, ours + ".gamma", theirs + ".g", ours + ".beta", theirs + ".b");
    }
}
