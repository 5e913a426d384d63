package org.vit4j.models.community;

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
import org.vit4j.graph.Window;
import org.vit4j.layers.ConvNormStem;
import org.vit4j.layers.DropRates;
import org.vit4j.layers.Mlp;
import org.vit4j.layers.PerStage;
import org.vit4j.layers.SeparateLevitAttention;
import org.vit4j.models.Flavor;
import org.vit4j.models.ImageSpec;
import org.vit4j.models.ModelConfig;

/**
 * LeViT as lucidrains/vit-pytorch 0.20.2, {@code levit.py}. Unlike the authors' {@link org.vit4j.models.Levit}, it has
 * GELU instead of Hardswish, no activation or norm between the stem's convolutions, and no batch normalization in MLPs
 * and heads.
 *
 * @param distillClasses number of classes of the distillation head, empty for none
 * @param drops only the rates of the projections and of stochastic depth are used
 */
public record CommunityLevit(
        ImageSpec image, int classes, List<LevitGrid> stages, OptionalInt distillClasses, DropRates drops)
        implements ModelConfig {
    private static final int STEM_STRIDE = 16;

    @Override
    public Graph build() {
        Graph g = new Graph(Init.PYTORCH);
        Tensor grid = stem(g.scope("stem"), image.input(g)); // [h, w, D]
        int h = grid.dim(0), w = grid.dim(1);
        Tensor x = g.reshape("tokens", grid, h * w, grid.dim(2)); // [T, D]
        for (int i = 0; i < stages.size(); i++) {
            LevitGrid stage = stages.get(i);
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

    /** Four 3x3 convolutions with stride 2 and nothing between them: [H, W, C] -> [H / 16, W / 16, D]. */
    private Tensor stem(Graph g, Tensor x) {
        int[] filters = {32, 64, 128, stages.get(0).dim()};
        for (int i = 1; i <= 4; i++) {
            x = g.scope("conv" + i).conv2d("linear", x, filters[i - 1], Window.square(3, 2, 1), 1, true); // [h, w, D]
        }
        return x;
    }

    /** Neither the dropout nor the MLP ratio of the blocks applies here. */
    private Tensor downsample(Graph g, Tensor x, int h, int w, SeparateLevitAttention attention) {
        x = attention.build(g.scope("attn_downsample"), x, h, w); // [T / 4, D']
        var mlp = new Mlp(2 * attention.dimOut(), stages.get(0).mlp().activation(), 0);
        return residual(g, "", x, mlp.build(g.scope("mlp"), x)); // [T / 4, D']
    }

    /** x + attn(x), then x + mlp(x): [T, D] -> [T, D]. */
    private Tensor block(Graph g, Tensor x, int h, int w, LevitGrid stage) {
        Graph a = g.scope("attn");
        Tensor context = a.dropout("drop", stage.attention().build(a, x, h, w), drops.proj()); // [T, D]
        x = residual(g, "1", x, context); // [T, D]
        return residual(g, "2", x, stage.mlp().build(g.scope("mlp"), x)); // [T, D]
    }

    private Tensor residual(Graph g, String number, Tensor x, Tensor branch) {
        return g.add("add" + number, x, g.dropPath("drop_path" + number, branch, drops.path())); // [T, D]
    }

    /** [D] -> [K]. The second head is used only for distillation and may have other classes. */
    private void heads(Graph g, Tensor pooled) {
        Tensor classLogits = g.scope("head").dense("linear", pooled, classes); // [K]
        g.output("logits", classLogits);
        if (distillClasses.isEmpty()) return;
        Tensor distillLogits = g.scope("head_dist").dense("linear", pooled, distillClasses.getAsInt()); // [K']
        g.output("logits_class", classLogits);
        g.output("logits_distill", distillLogits);
    }

    /** Blocks on one token grid, and the attention that shrinks the grid before them. */
    public record LevitGrid(
            int depth, SeparateLevitAttention attention, Mlp mlp, Optional<SeparateLevitAttention> downsample) {
        public LevitGrid {
            Checks.depth("depth", depth, 0);
            Checks.positive("width of the MLP", mlp.hidden());
        }

        int dim() {
            return attention.dimOut();
        }
    }

    public CommunityLevit {
        stages = List.copyOf(stages);
        Checks.positive("classes", classes);
        Checks.check(!stages.isEmpty(), "dim", List.of(), "must have at least one stage");
        Checks.divides("the stem's stride", STEM_STRIDE, "image height", image.height());
        Checks.divides("the stem's stride", STEM_STRIDE, "image width", image.width());
        Checks.require(
                image.height() == image.width(),
                "image (%dx%d) must be square in the community flavor",
                image.height(),
                image.width());
        if (distillClasses.isPresent()) Checks.positive("distill_classes", distillClasses.getAsInt());
    }

    @Override
    public String arch() {
        return "levit";
    }

    @Override
    public Flavor flavor() {
        return Flavor.COMMUNITY;
    }

    public static Optional<CommunityLevit> read(Section s, ImageSpec image, int classes) {
        List<Integer> written = s.intsAt("dim", List.of(256, 384, 512));
        int n = s.intAt("stages", 3);
        List<Integer> dims = PerStage.spread(s, "dim", n, written);
        List<Integer> depths = PerStage.ints(s, "depth", n, List.of(4));
        List<Integer> heads = PerStage.ints(s, "heads", n, List.of(4, 6, 8));
        List<Double> mlpRatios = PerStage.doubles(s, "mlp_ratio", n, 2);
        int keyDim = s.intAt("key_dim", 32);
        int valueDim = s.intAt("value_dim", 64);
        ConvNormStem.StemStride stride = ConvNormStem.readStride(s);
        Activation activation = s.enumAt("activation", Activation.class, Activation.GELU);
        Activation attnActivation = s.enumAt("attn_activation", Activation.class, activation);
        boolean distilled = s.boolAt("distilled", false);
        OptionalInt second = distilled ? OptionalInt.of(s.intAt("distill_classes", classes)) : OptionalInt.empty();
        DropRates drops = DropRates.read(s);
        return s.build(() -> {
            Checks.require(stride.pixels() == STEM_STRIDE, "stem must be s16 in the community flavor");
            List<LevitGrid> stages = new ArrayList<>();
            for (int i = 0; i < n; i++) {
                int dim = dims.get(i);
                var attention = new SeparateLevitAttention(heads.get(i), keyDim, valueDim, dim, 1, attnActivation);
                var mlp = new Mlp((int) (dim * mlpRatios.get(i)), activation, drops.proj());
                Optional<SeparateLevitAttention> down = Optional.empty();
                if (i > 0) { // twice the heads of the stage before
                    int shrinkHeads = 2 * heads.get(i - 1);
                    down = Optional.of(
                            new SeparateLevitAttention(shrinkHeads, keyDim, valueDim, dim, 2, attnActivation));
                }
                stages.add(new LevitGrid(depths.get(i), attention, mlp, down));
            }
            return new CommunityLevit(image, classes, stages, second, drops);
        });
    }
}
