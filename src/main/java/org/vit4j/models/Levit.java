package org.vit4j.models;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
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
import org.vit4j.layers.DropRates;
import org.vit4j.layers.LevitAttention;
import org.vit4j.layers.LinearNorm;
import org.vit4j.layers.Mlp;
import org.vit4j.layers.PerStage;

/**
 * LeViT: "a Vision Transformer in ConvNet's Clothing for Faster Inference", Graham et al. 2021, arXiv:2104.01136. A
 * convolutional stem, stages on small token grids, downsampling attention between them, batch normalization after every
 * linear layer.
 *
 * <p>official: huggingface/pytorch-image-models 0.9.16, {@code timm/models/levit.py} (equal to facebookresearch/LeViT);
 * community: lucidrains/vit-pytorch 0.20.2, {@code levit.py}, which has GELU instead of the paper's Hardswish, no
 * activation or norm between the stem's convolutions, and no batch normalization in MLPs and heads.
 *
 * @param keyDim width of queries and keys of a head in all stages
 * @param attnActivation activation before the output projection of the attention
 * @param distillClasses number of classes of the distillation head, empty for none
 * @param drops the official flavor uses only the head and path rates, the community flavor only the projection rate
 */
public record Levit(
        Flavor flavor,
        ImageSpec image,
        int classes,
        LevitStem stem,
        List<LevitStage> stages,
        int keyDim,
        Activation activation,
        Activation attnActivation,
        OptionalInt distillClasses,
        DropRates drops)
        implements ModelConfig {

    /** Convolutional stem with a stride of 16 or 8. */
    public enum LevitStem {
        S16(4),
        S8(3);

        private final int convolutions;

        LevitStem(int convolutions) {
            this.convolutions = convolutions;
        }

        int stride() {
            return 1 << convolutions;
        }
    }

    /**
     * Stage of LeViT: blocks on one token grid.
     *
     * @param valueDim width of a head's values
     * @param shrinkHeads heads of the downsampling attention before this stage; unused in the first stage
     * @param shrinkValueDim width of a head's values in the downsampling attention
     */
    public record LevitStage(
            int dim, int depth, int heads, int valueDim, int mlpDim, int shrinkHeads, int shrinkValueDim) {
        public LevitStage {
            Checks.positive("dim", dim);
            Checks.check(depth >= 0, "depth", depth, "must be at least 0");
            Checks.positive("heads", heads);
            Checks.positive("width of the values", valueDim, shrinkValueDim);
            Checks.positive("width of the MLP", mlpDim);
            Checks.require(
                    shrinkHeads >= 1,
                    "dim must be at least key_dim in every stage but the last: downsampling has dim / key_dim heads");
        }
    }

    public Levit {
        stages = List.copyOf(stages);
        Checks.positive("classes", classes);
        Checks.positive("key_dim", keyDim);
        Checks.check(!stages.isEmpty(), "dim", List.of(), "must have at least one stage");
        Checks.divides("the stem's stride", stem.stride(), "image height", image.height());
        Checks.divides("the stem's stride", stem.stride(), "image width", image.width());
        boolean official = flavor == Flavor.OFFICIAL;
        int first = stages.get(0).dim();
        int least = stem.stride() / 2;
        Checks.require(!official || first >= least, "dim (%d) of the first stage must be at least %d", first, least);
        Checks.require(official || stem == LevitStem.S16, "stem must be s16 in the community flavor");
        Checks.require(
                official || image.height() == image.width(),
                "image (%dx%d) must be square in the community flavor",
                image.height(),
                image.width());
        if (distillClasses.isPresent()) Checks.positive("distill_classes", distillClasses.getAsInt());
    }

    static Optional<Levit> read(Section s, Flavor flavor, ImageSpec image, int classes) {
        boolean timm = flavor == Flavor.OFFICIAL;
        List<Integer> dims = s.intsAt("dim", timm ? List.of(192) : List.of(256, 384, 512));
        int count = timm ? dims.size() : s.intAt("stages", 3);
        List<Integer> widths = PerStage.spread(s, "dim", count, dims);
        List<Integer> depths = PerStage.ints(s, "depth", count, List.of(timm ? 12 : 4));
        List<Integer> heads = PerStage.ints(s, "heads", count, timm ? List.of(3) : List.of(4, 6, 8));
        List<Double> ratios = PerStage.doubles(s, "mlp_ratio", count, 2);
        int keyDim = s.intAt("key_dim", timm ? 64 : 32);
        List<Double> values = timm
                ? PerStage.doubles(s, "attn_ratio", count, 2).stream()
                        .map(ratio -> ratio * keyDim)
                        .toList()
                : Collections.nCopies(count, (double) s.intAt("value_dim", 64));
        LevitStem stem = s.enumAt("stem", LevitStem.class, LevitStem.S16);
        Activation activation =
                s.enumAt("activation", Activation.class, timm ? Activation.HARD_SWISH : Activation.GELU);
        Activation attnActivation = s.enumAt("attn_activation", Activation.class, activation);
        boolean distilled = s.boolAt("distilled", false);
        OptionalInt second = distilled ? OptionalInt.of(s.intAt("distill_classes", classes)) : OptionalInt.empty();
        DropRates drops = DropRates.read(s);
        return s.build(() -> {
            List<LevitStage> stages = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                int before = Math.max(i - 1, 0);
                // Downsampling: dim / key_dim heads with values of 4 x key_dim in the authors' code, doubled heads in
                // vit-pytorch.
                int shrinkHeads = timm ? widths.get(before) / Math.max(keyDim, 1) : 2 * heads.get(before);
                int value = values.get(i).intValue();
                int mlp = (int) (widths.get(i) * ratios.get(i));
                int shrinkValue = timm ? 4 * keyDim : value;
                stages.add(new LevitStage(
                        widths.get(i), depths.get(i), heads.get(i), value, mlp, i == 0 ? 1 : shrinkHeads, shrinkValue));
            }
            return new Levit(flavor, image, classes, stem, stages, keyDim, activation, attnActivation, second, drops);
        });
    }

    @Override
    public String arch() {
        return "levit";
    }

    @Override
    public Graph build() {
        Graph g = new Graph(Init.PYTORCH);
        Tensor image = g.input("image", this.image.height(), this.image.width(), this.image.channels()); // [H, W, C]
        Tensor grid = stem(g.scope("stem"), image); // [h, w, D]
        int h = grid.dim(0), w = grid.dim(1);
        Tensor x = g.reshape("tokens", grid, h * w, grid.dim(2)); // [T, D]
        for (int i = 0; i < stages.size(); i++) {
            Graph stage = g.scope("stages." + i);
            if (i > 0) {
                x = shrink(stage.scope("downsample"), x, h, w, stages.get(i)); // [T / 4, D']
                h = (h + 1) / 2;
                w = (w + 1) / 2;
            }
            for (int j = 0; j < stages.get(i).depth(); j++) {
                x = block(stage.scope("blocks." + j), x, h, w, stages.get(i)); // [T, D]
            }
        }
        heads(g, g.mean("pool", x, 0));
        return g;
    }

    /** 3x3 convolutions with stride 2: [H, W, C] -> [H / 16, W / 16, D], or a stride of 8 with three convolutions. */
    private Tensor stem(Graph g, Tensor x) {
        boolean community = flavor == Flavor.COMMUNITY;
        int last = stem.convolutions;
        for (int i = 1; i <= last; i++) {
            int dim = stages.get(0).dim();
            int filters = i == last ? dim : community ? 16 << i : dim >> (last - i);
            Graph conv = g.scope("conv" + i);
            x = conv.conv2d("linear", x, filters, Window.square(3, 2, 1), 1, community);
            if (!community) x = conv.batchNorm("bn", x, 1e-5);
            if (!community && i < last) x = g.activate("act" + i, x, activation);
        }
        return x;
    }

    /** Downsampling without a residual around the attention, whose output has another grid and width. */
    private Tensor shrink(Graph g, Tensor x, int h, int w, LevitStage to) {
        var attention = new LevitAttention(to.shrinkHeads(), keyDim, to.shrinkValueDim(), to.dim(), 2, attnActivation);
        Graph a = g.scope("attn_downsample");
        // vit-pytorch applies neither its dropout nor its MLP ratio here.
        return flavor == Flavor.OFFICIAL
                ? residual(g, "", attention.fusedQkv(a, x, h, w, Init.ONES), y -> mlp(g, y, 2 * to.dim(), 0))
                : residual(g, "", attention.separateQkv(a, x, h, w), y -> mlp(g, y, 2 * to.dim(), 0));
    }

    private Tensor block(Graph g, Tensor x, int h, int w, LevitStage stage) {
        var attention = new LevitAttention(stage.heads(), keyDim, stage.valueDim(), stage.dim(), 1, attnActivation);
        Graph a = g.scope("attn");
        x = flavor == Flavor.OFFICIAL
                ? residual(g, "1", x, y -> attention.fusedQkv(a, y, h, w, Init.ZEROS))
                : residual(g, "1", x, y -> a.dropout("drop", attention.separateQkv(a, y, h, w), drops.proj()));
        return residual(g, "2", x, y -> mlp(g, y, stage.mlpDim(), drops.proj()));
    }

    private interface ResidualBranch {
        Tensor build(Tensor x);
    }

    /** Adds a residual branch. As in timm, every block has the same drop path rate. */
    private Tensor residual(Graph g, String number, Tensor x, ResidualBranch branch) {
        return g.add("add" + number, x, g.dropPath("drop_path" + number, branch.build(x), drops.path()));
    }

    private Tensor mlp(Graph g, Tensor x, int hidden, double drop) {
        Graph m = g.scope("mlp");
        if (flavor == Flavor.COMMUNITY) return new Mlp(hidden, activation, drop).build(m, x);
        Tensor hiddenTokens = LinearNorm.build(m.scope("ln1"), x, hidden, false, Init.ONES); // [T, hidden]
        return LinearNorm.build(
                m.scope("ln2"), m.activate("act", hiddenTokens, activation), x.dim(1), false, Init.ZEROS);
    }

    private void heads(Graph g, Tensor pooled) {
        Tensor first = head(g.scope("head"), pooled, classes, drops.head()); // [K]
        if (distillClasses.isEmpty()) {
            g.output("logits", first);
            return;
        }
        Tensor second = head(g.scope("head_dist"), pooled, distillClasses.getAsInt(), 0); // [K]
        // In vit-pytorch the second head may have other classes and is used only for distillation.
        boolean averaged = flavor == Flavor.OFFICIAL;
        g.output("logits", averaged ? g.scale("logits", g.add("logits_sum", first, second), 0.5) : first);
        g.output("logits_class", first);
        g.output("logits_distill", second);
    }

    private Tensor head(Graph g, Tensor x, int units, double drop) {
        if (flavor == Flavor.COMMUNITY) return g.dense("linear", x, units);
        Tensor normed = g.dropout("drop", g.batchNorm("bn", x, 1e-5), drop); // [D]
        return g.withInit(Init.TIMM).dense("linear", normed, units); // [K]
    }

    @Override
    public List<CheckpointNames> schemes() {
        if (flavor == Flavor.COMMUNITY) return List.of(keys());
        return List.of(
                keys(),
                authors(),
                HuggingFaceNames.levit(stages.stream().map(LevitStage::depth).toList()));
    }

    /**
     * Names in the authors' code, where all modules are one list: attention, MLP, ..., downsampling attention, MLP, ...
     */
    private CheckpointNames authors() {
        List<String> pairs = new ArrayList<>();
        for (int i = 1; i <= stem.convolutions; i++) {
            linearNorm(pairs, "stem.conv" + i, "patch_embed." + 2 * (i - 1));
        }
        int index = 0;
        for (int i = 0; i < stages.size(); i++) {
            String stage = "stages." + i + ".";
            if (i > 0) {
                String down = stage + "downsample.attn_downsample.";
                biases(pairs, down, "blocks." + index + ".");
                linearNorm(pairs, down + "kv", "blocks." + index + ".kv");
                linearNorm(pairs, down + "q.ln", "blocks." + index + ".q.1");
                linearNorm(pairs, down + "proj.ln", "blocks." + index++ + ".proj.1");
                authorsMlp(pairs, stage + "downsample.mlp.", index++);
            }
            for (int j = 0; j < stages.get(i).depth(); j++) {
                String attn = stage + "blocks." + j + ".attn.";
                biases(pairs, attn, "blocks." + index + ".m.");
                linearNorm(pairs, attn + "qkv", "blocks." + index + ".m.qkv");
                linearNorm(pairs, attn + "proj.ln", "blocks." + index++ + ".m.proj.1");
                authorsMlp(pairs, stage + "blocks." + j + ".mlp.", index++);
            }
        }
        Collections.addAll(pairs, "head.linear", "head.l", "head_dist.linear", "head_dist.l");
        return CheckpointNames.of(pairs.toArray(String[]::new)).named("authors");
    }

    private static void biases(List<String> pairs, String path, String key) {
        Collections.addAll(pairs, path + "attention_biases.index", key + "attention_bias_idxs");
        Collections.addAll(pairs, path + "attention_biases", key + "attention_biases");
    }

    private static void authorsMlp(List<String> pairs, String path, int index) {
        linearNorm(pairs, path + "ln1", "blocks." + index + ".m.0");
        linearNorm(pairs, path + "ln2", "blocks." + index + ".m.2");
    }

    private static void linearNorm(List<String> pairs, String path, String key) {
        Collections.addAll(pairs, path + ".linear", key + ".c", path + ".bn", key + ".bn");
    }

    @Override
    public CheckpointNames keys() {
        if (flavor == Flavor.OFFICIAL) return CheckpointNames.SAME;
        List<String> pairs = new ArrayList<>();
        // In vit-pytorch the layers are one list: stage, downsampling, stage, ...
        for (int i = 0; i < stages.size(); i++) {
            block(pairs, "stages." + i + ".blocks.{i}.attn", "stages." + i + ".blocks.{i}.mlp", 2 * i, "{i}");
            String down = "stages." + i + ".downsample.";
            if (i > 0) block(pairs, down + "attn_downsample", down + "mlp", 2 * i - 1, "0");
        }
        for (int i = 1; i <= 4; i++)
            Collections.addAll(pairs, "stem.conv" + i + ".linear", "conv_embedding." + (i - 1));
        Collections.addAll(pairs, "head.linear", "mlp_head", "head_dist.linear", "distill_head");
        // vit-pytorch keeps images [C, H, W] instead of tokens.
        return CheckpointNames.of(pairs.toArray(String[]::new))
                .shaped(TensorForm.PIXEL, "stages.*.linear.kernel", "stages.*.mlp.fc{i}.kernel");
    }

    private static void block(List<String> pairs, String attention, String mlp, int layer, String number) {
        String key = "backbone." + layer + ".layers." + number;
        attention(pairs, attention + ".", key + ".0.");
        Collections.addAll(pairs, mlp + ".fc1", key + ".1.net.0", mlp + ".fc2", key + ".1.net.3");
    }

    /** Names of {@link LevitAttention#separateQkv} in vit-pytorch. */
    private static void attention(List<String> pairs, String path, String key) {
        for (String part : List.of("q", "k", "v")) {
            Collections.addAll(pairs, path + part + ".linear", key + "to_" + part + ".0");
            Collections.addAll(pairs, path + part + ".bn", key + "to_" + part + ".1");
        }
        Collections.addAll(pairs, path + "proj.ln.linear", key + "to_out.1", path + "proj.ln.bn", key + "to_out.2");
        Collections.addAll(pairs, path + "attention_biases.index", key + "pos_indices");
        Collections.addAll(pairs, path + "attention_biases", key + "pos_bias.weight^T");
    }
}
