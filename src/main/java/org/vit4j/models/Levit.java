package org.vit4j.models;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;
import org.vit4j.layers.LevitAttention;
import org.vit4j.layers.LinearNorm;
import org.vit4j.layers.Mlp;
import org.vit4j.models.CheckpointNames.TensorForm;

/**
 * LeViT: "a Vision Transformer in ConvNet's Clothing for Faster Inference", Graham et al. 2021, arXiv:2104.01136. A
 * convolutional stem, stages of small grids, attention that shrinks the grid between them, batch normalization behind
 * every linear layer.
 *
 * <p>official: huggingface/pytorch-image-models 0.9.16, {@code timm/models/levit.py} (the numbers of
 * facebookresearch/LeViT); community: lucidrains/vit-pytorch 0.20.2, {@code levit.py}, which has GELU where the paper
 * has Hardswish, nothing between the stem's convolutions, and no batch normalization in MLPs and heads.
 *
 * @param keyDim width of queries and keys, the same everywhere
 * @param attnActivation in front of the last layer of attention
 * @param distillClasses classes of a second head that a teacher teaches
 * @param drops of them the official flavor has the head's and the path's, the community projections' only
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

    /** By how much the convolutions in front shrink the image. */
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
     * Blocks over one grid.
     *
     * @param valueDim width of a head's values
     * @param shrinkHeads heads of the attention that makes this stage's grid; the first stage has none
     * @param shrinkValueDim width of its values
     */
    public record LevitStage(
            int dim, int depth, int heads, int valueDim, int mlpDim, int shrinkHeads, int shrinkValueDim) {
        public LevitStage {
            Checks.positive("dim", dim);
            Checks.require(depth >= 0, "depth (%d) must be at least 0", depth);
            Checks.positive("heads", heads);
            Checks.positive("width of values", valueDim, shrinkValueDim);
            Checks.positive("width of the MLP", mlpDim);
            Checks.require(
                    shrinkHeads >= 1,
                    "dim must be at least key_dim in every stage but the last: dim / key_dim heads ask");
        }
    }

    public Levit {
        stages = List.copyOf(stages);
        Checks.positive("classes", classes);
        Checks.positive("key_dim", keyDim);
        Checks.require(!stages.isEmpty(), "dim must name the width of at least one stage");
        Checks.divides("the stem's stride", stem.stride(), "image height", image.height());
        Checks.divides("the stem's stride", stem.stride(), "image width", image.width());
        boolean official = flavor == Flavor.OFFICIAL;
        int first = stages.get(0).dim();
        int shares = stem.stride() / 2;
        Checks.require(!official || first >= shares, "dim (%d) of the first stage must be at least %d", first, shares);
        Checks.require(official || stem == LevitStem.S16, "stem must be s16 in the community flavour");
        Checks.require(
                official || image.height() == image.width(),
                "image (%dx%d) must be square in the community flavour",
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
                // The authors shrink with dim / key_dim heads of values four keys wide; vit-pytorch doubles the heads.
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

    /** [H, W, C] -> [H / 16, W / 16, D]: 3x3 convolutions of stride 2. */
    private Tensor stem(Graph g, Tensor x) {
        boolean plain = flavor == Flavor.COMMUNITY;
        int last = stem.convolutions;
        for (int i = 1; i <= last; i++) {
            int dim = stages.get(0).dim();
            int filters = i == last ? dim : plain ? 16 << i : dim >> (last - i);
            Graph conv = g.scope("conv" + i);
            x = conv.conv2d("linear", x, filters, Window.square(3, 2, 1), 1, plain);
            if (!plain) x = conv.batchNorm("bn", x, 1e-5);
            if (!plain && i < last) x = g.activate("act" + i, x, activation);
        }
        return x;
    }

    /** No residual around attention: it makes another grid of another width. */
    private Tensor shrink(Graph g, Tensor x, int h, int w, LevitStage to) {
        var attention = new LevitAttention(to.shrinkHeads(), keyDim, to.shrinkValueDim(), to.dim(), 2, attnActivation);
        Graph a = g.scope("attn_downsample");
        // vit-pytorch hands neither its dropout nor its MLP ratio on to this place.
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

    /** The same rate of drop path in every block, as timm has it. */
    private Tensor residual(Graph g, String number, Tensor x, ResidualBranch branch) {
        return g.add("add" + number, x, g.dropPath("drop_path" + number, branch.build(x), drops.path()));
    }

    private Tensor mlp(Graph g, Tensor x, int hidden, double drop) {
        Graph m = g.scope("mlp");
        if (flavor == Flavor.COMMUNITY) return new Mlp(hidden, activation, drop).build(m, x);
        Tensor wide = LinearNorm.build(m.scope("ln1"), x, hidden, false, Init.ONES); // [T, hidden]
        return LinearNorm.build(m.scope("ln2"), m.activate("act", wide, activation), x.dim(1), false, Init.ZEROS);
    }

    private void heads(Graph g, Tensor pooled) {
        Tensor first = head(g.scope("head"), pooled, classes, drops.head()); // [K]
        if (distillClasses.isEmpty()) {
            g.output("logits", first);
            return;
        }
        Tensor second = head(g.scope("head_dist"), pooled, distillClasses.getAsInt(), 0); // [K]
        // vit-pytorch's second head may have other classes and is for the teacher only.
        boolean both = flavor == Flavor.OFFICIAL;
        g.output("logits", both ? g.scale("logits", g.add("logits_sum", first, second), 0.5) : first);
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

    /** The authors' modules stand in one row: attention, MLP, ..., shrinking attention, its MLP, attention, ... */
    private CheckpointNames authors() {
        List<String> pairs = new ArrayList<>();
        for (int i = 1; i <= stem.convolutions; i++) {
            normed(pairs, "stem.conv" + i, "patch_embed." + 2 * (i - 1));
        }
        int at = 0;
        for (int i = 0; i < stages.size(); i++) {
            String stage = "stages." + i + ".";
            if (i > 0) {
                String down = stage + "downsample.attn_downsample.";
                biases(pairs, down, "blocks." + at + ".");
                normed(pairs, down + "kv", "blocks." + at + ".kv");
                normed(pairs, down + "q.ln", "blocks." + at + ".q.1");
                normed(pairs, down + "proj.ln", "blocks." + at++ + ".proj.1");
                authorsMlp(pairs, stage + "downsample.mlp.", at++);
            }
            for (int j = 0; j < stages.get(i).depth(); j++) {
                String attn = stage + "blocks." + j + ".attn.";
                biases(pairs, attn, "blocks." + at + ".m.");
                normed(pairs, attn + "qkv", "blocks." + at + ".m.qkv");
                normed(pairs, attn + "proj.ln", "blocks." + at++ + ".m.proj.1");
                authorsMlp(pairs, stage + "blocks." + j + ".mlp.", at++);
            }
        }
        Collections.addAll(pairs, "head.linear", "head.l", "head_dist.linear", "head_dist.l");
        return CheckpointNames.of(pairs.toArray(String[]::new)).named("authors");
    }

    private static void biases(List<String> pairs, String ours, String theirs) {
        Collections.addAll(pairs, ours + "attention_biases.index", theirs + "attention_bias_idxs");
        Collections.addAll(pairs, ours + "attention_biases", theirs + "attention_biases");
    }

    private static void authorsMlp(List<String> pairs, String ours, int at) {
        normed(pairs, ours + "ln1", "blocks." + at + ".m.0");
        normed(pairs, ours + "ln2", "blocks." + at + ".m.2");
    }

    private static void normed(List<String> pairs, String ours, String theirs) {
        Collections.addAll(pairs, ours + ".linear", theirs + ".c", ours + ".bn", theirs + ".bn");
    }

    @Override
    public CheckpointNames keys() {
        if (flavor == Flavor.OFFICIAL) return CheckpointNames.SAME;
        List<String> pairs = new ArrayList<>();
        // Its layers stand in one row: stage, shrinking, stage, shrinking, ...
        for (int i = 0; i < stages.size(); i++) {
            block(pairs, "stages." + i + ".blocks.{i}.attn", "stages." + i + ".blocks.{i}.mlp", 2 * i, "{i}");
            String down = "stages." + i + ".downsample.";
            if (i > 0) block(pairs, down + "attn_downsample", down + "mlp", 2 * i - 1, "0");
        }
        for (int i = 1; i <= 4; i++)
            Collections.addAll(pairs, "stem.conv" + i + ".linear", "conv_embedding." + (i - 1));
        Collections.addAll(pairs, "head.linear", "mlp_head", "head_dist.linear", "distill_head");
        // Images throughout there.
        return CheckpointNames.of(pairs.toArray(String[]::new))
                .shaped(TensorForm.PIXEL, "stages.*.linear.kernel", "stages.*.mlp.fc{i}.kernel");
    }

    private static void block(List<String> pairs, String attention, String mlp, int layer, String number) {
        String theirs = "backbone." + layer + ".layers." + number;
        attention(pairs, attention + ".", theirs + ".0.");
        Collections.addAll(pairs, mlp + ".fc1", theirs + ".1.net.0", mlp + ".fc2", theirs + ".1.net.3");
    }

    /** The weights of {@link LevitAttention#separateQkv} by vit-pytorch's names. */
    private static void attention(List<String> pairs, String ours, String theirs) {
        for (String part : List.of("q", "k", "v")) {
            Collections.addAll(pairs, ours + part + ".linear", theirs + "to_" + part + ".0");
            Collections.addAll(pairs, ours + part + ".bn", theirs + "to_" + part + ".1");
        }
        Collections.addAll(
                pairs, ours + "proj.ln.linear", theirs + "to_out.1", ours + "proj.ln.bn", theirs + "to_out.2");
        Collections.addAll(pairs, ours + "attention_biases.index", theirs + "pos_indices");
        Collections.addAll(pairs, ours + "attention_biases", theirs + "pos_bias.weight^T");
    }
}
