package org.vit4j.models;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.layers.ConvNormStem;
import org.vit4j.layers.DropRates;
import org.vit4j.layers.LevitAttention;
import org.vit4j.layers.LevitMlp;
import org.vit4j.layers.PerStage;

/**
 * LeViT: "a Vision Transformer in ConvNet's Clothing for Faster Inference", Graham et al. 2021, arXiv:2104.01136. A
 * convolutional stem, stages on small token grids, downsampling attention between them, batch normalization after every
 * linear layer. As huggingface/pytorch-image-models 0.9.16, {@code timm/models/levit.py} (equal to
 * facebookresearch/LeViT).
 *
 * <pre>
 * variant       dim               depth      heads        parameters
 * levit_128s    [128, 256, 384]   [2, 3, 4]  [4, 6, 8]    7,777,058
 * levit_128     [128, 256, 384]   [4, 4, 4]  [4, 8, 12]   9,213,936
 * levit_192     [192, 288, 384]   [4, 4, 4]  [3, 5, 6]    10,947,069
 * levit_256     [256, 384, 512]   [4, 4, 4]  [4, 6, 8]    18,893,876
 * levit_256d    [256, 384, 512]   [4, 8, 6]  [4, 6, 8]    26,210,788
 * levit_384     [384, 512, 768]   [4, 4, 4]  [6, 9, 12]   39,128,836
 * levit_384_s8  [384, 512, 768]   [4, 4, 4]  [6, 9, 12]   39,118,960
 * levit_512     [512, 768, 1024]  [4, 4, 4]  [8, 12, 16]  95,173,700
 * levit_512d    [512, 640, 768]   [4, 8, 6]  [8, 10, 12]  92,497,538
 * levit_512_s8  [512, 640, 896]   [4, 4, 4]  [8, 10, 14]  74,046,696
 * </pre>
 *
 * @param distillClasses number of classes of the distillation head, empty for none
 * @param drops only the rates of the head and of stochastic depth are used
 */
public record Levit(
        ImageSpec image,
        int classes,
        ConvNormStem stem,
        List<LevitStage> stages,
        OptionalInt distillClasses,
        DropRates drops)
        implements ModelConfig {

    @Override
    public Graph build() {
        Graph g = new Graph(Init.PYTORCH);
        Tensor grid = stem.build(g.scope("stem"), image.input(g)); // [h, w, D]
        int h = grid.dim(0), w = grid.dim(1);
        Tensor x = g.reshape("tokens", grid, h * w, grid.dim(2)); // [T, D]
        for (int i = 0; i < stages.size(); i++) {
            LevitStage stage = stages.get(i);
            Graph at = g.scope("stages." + i);
            if (stage.downsample().isPresent()) {
                x = downsample(
                        at.scope("downsample"), x, h, w, stage.downsample().get()); // [T / 4, D']
                h = (h + 1) / 2;
                w = (w + 1) / 2;
            }
            for (int j = 0; j < stage.depth(); j++) x = block(at.scope("blocks." + j), x, h, w, stage); // [T, D]
        }
        heads(g, g.mean("pool", x, 0)); // [D] -> [K]
        return g;
    }

    /** Attention without a residual connection, because its output has another grid and width, then an MLP. */
    private Tensor downsample(Graph g, Tensor x, int h, int w, LevitDownsample down) {
        x = down.attention().build(g.scope("attn_downsample"), x, h, w); // [T / 4, D']
        return residual(g, "", x, down.mlp().build(g.scope("mlp"), x)); // [T / 4, D']
    }

    /** x + attn(x), then x + mlp(x): [T, D] -> [T, D]. */
    private Tensor block(Graph g, Tensor x, int h, int w, LevitStage stage) {
        x = residual(g, "1", x, stage.attention().build(g.scope("attn"), x, h, w)); // [T, D]
        return residual(g, "2", x, stage.mlp().build(g.scope("mlp"), x)); // [T, D]
    }

    /** Adds a residual branch. As in timm, every block has the same drop path rate. */
    private Tensor residual(Graph g, String number, Tensor x, Tensor branch) {
        return g.add("add" + number, x, g.dropPath("drop_path" + number, branch, drops.path())); // [T, D]
    }

    /** [D] -> [K]; with two heads the logits are their mean. */
    private void heads(Graph g, Tensor pooled) {
        Tensor classLogits = head(g.scope("head"), pooled, classes, drops.head()); // [K]
        if (distillClasses.isEmpty()) {
            g.output("logits", classLogits);
            return;
        }
        Tensor distillLogits = head(g.scope("head_dist"), pooled, distillClasses.getAsInt(), 0); // [K]
        g.output("logits", g.scale("logits", g.add("logits_sum", classLogits, distillLogits), 0.5)); // [K]
        g.output("logits_class", classLogits);
        g.output("logits_distill", distillLogits);
    }

    private static Tensor head(Graph g, Tensor x, int units, double drop) {
        Tensor normed = g.dropout("drop", g.batchNorm("bn", x, 1e-5), drop); // [D]
        return g.withInit(Init.TIMM).dense("linear", normed, units); // [K]
    }

    /** Blocks on one token grid. */
    public record LevitStage(int depth, LevitAttention attention, LevitMlp mlp, Optional<LevitDownsample> downsample) {
        public LevitStage {
            Checks.depth("depth", depth, 0);
        }
    }

    /** Step to the grid and width of a stage. */
    public record LevitDownsample(LevitAttention attention, LevitMlp mlp) {}

    public Levit {
        stages = List.copyOf(stages);
        Checks.positive("classes", classes);
        int stride = stem.stride().pixels();
        Checks.divides("the stem's stride", stride, "image height", image.height());
        Checks.divides("the stem's stride", stride, "image width", image.width());
        if (distillClasses.isPresent()) Checks.positive("distill_classes", distillClasses.getAsInt());
    }

    @Override
    public String arch() {
        return "levit";
    }

    static Optional<Levit> read(Section s, ImageSpec image, int classes) {
        List<Integer> dims = s.intsAt("dim", List.of(192));
        int n = dims.size();
        List<Integer> depths = PerStage.ints(s, "depth", n, List.of(12));
        List<Integer> heads = PerStage.ints(s, "heads", n, List.of(3));
        List<Double> mlpRatios = PerStage.doubles(s, "mlp_ratio", n, 2);
        int keyDim = s.intAt("key_dim", 64);
        List<Double> valueRatios = PerStage.doubles(s, "attn_ratio", n, 2);
        ConvNormStem.StemStride stride = ConvNormStem.readStride(s);
        Activation activation = s.enumAt("activation", Activation.class, Activation.HARD_SWISH);
        Activation attnActivation = s.enumAt("attn_activation", Activation.class, activation);
        boolean distilled = s.boolAt("distilled", false);
        OptionalInt second = distilled ? OptionalInt.of(s.intAt("distill_classes", classes)) : OptionalInt.empty();
        DropRates drops = DropRates.read(s);
        return s.build(() -> {
            Checks.check(n > 0, "dim", List.of(), "must have at least one stage");
            List<LevitStage> stages = new ArrayList<>();
            for (int i = 0; i < n; i++) {
                int dim = dims.get(i);
                int valueDim = (int) (valueRatios.get(i) * keyDim);
                var attention = new LevitAttention(heads.get(i), keyDim, valueDim, dim, 1, attnActivation);
                var mlp = new LevitMlp((int) (dim * mlpRatios.get(i)), activation);
                Optional<LevitDownsample> down = Optional.empty();
                if (i > 0) {
                    var strided = downsampling(dims.get(i - 1), keyDim, dim, attnActivation);
                    down = Optional.of(new LevitDownsample(strided, new LevitMlp(2 * dim, activation)));
                }
                stages.add(new LevitStage(depths.get(i), attention, mlp, down));
            }
            var stem = new ConvNormStem(stride, dims.get(0), activation);
            return new Levit(image, classes, stem, stages, second, drops);
        });
    }

    /** In the authors' code, downsampling has dim / key_dim heads with values of width 4 x key_dim. */
    private static LevitAttention downsampling(int dim, int keyDim, int dimOut, Activation activation) {
        Checks.require(
                dim >= keyDim,
                "dim must be at least key_dim in every stage but the last: downsampling has dim / key_dim heads");
        return new LevitAttention(dim / keyDim, keyDim, 4 * keyDim, dimOut, 2, activation);
    }
}
