package org.vit4j.models.community;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;
import org.vit4j.layers.ConvAttention.ProjectionMethod;
import org.vit4j.layers.ConvEmbed;
import org.vit4j.layers.CvtStage;
import org.vit4j.layers.CvtStage.CvtDefaults;
import org.vit4j.layers.FusedKvConvAttention;
import org.vit4j.layers.Mlp;
import org.vit4j.models.Cvt;
import org.vit4j.models.Flavor;
import org.vit4j.models.ImageSpec;
import org.vit4j.models.ModelConfig;

/**
 * CvT as lucidrains/vit-pytorch 0.20.2, {@code cvt.py}. Unlike the authors' {@link Cvt}, it has heads of width 64, GELU,
 * mean pooling instead of a class token, no norm before the head and a layer norm that divides by (standard deviation +
 * epsilon).
 */
public record CommunityCvt(ImageSpec image, int classes, List<CvtStage> stages, double normEps) implements ModelConfig {
    /** Width of a head, a constant in vit-pytorch. */
    private static final int HEAD_DIM = 64;

    @Override
    public Graph build() {
        Graph g = new Graph(Init.PYTORCH);
        Tensor x = image.input(g); // [H, W, C]
        Tensor tokens = x;
        for (int i = 0; i < stages.size(); i++) {
            CvtStage stage = stages.get(i);
            Graph at = g.scope("stage" + i);
            Tensor grid = embed(at.scope("patch_embed"), x, stage); // [h, w, D]
            tokens = at.reshape("patches", grid, grid.dim(0) * grid.dim(1), stage.dim()); // [T, D]
            tokens = at.dropout("pos_drop", tokens, stage.drops().embed()); // [T, D]
            for (int j = 0; j < stage.depth(); j++) {
                double path = stage.drops().path(j, stage.depth());
                tokens = block(at.scope("blocks." + j), tokens, grid, stage, path); // [T, D]
            }
            if (i == stages.size() - 1) break;
            x = at.reshape("out", tokens, grid.dim(0), grid.dim(1), stage.dim()); // [h, w, D]
        }
        g.output("logits", g.dense("head", g.mean("pool", tokens, 0), classes)); // [K]
        return g;
    }

    /** Overlapping patches: [H, W, C] -> [h, w, D]. */
    private Tensor embed(Graph g, Tensor x, CvtStage stage) {
        Tensor grid = ConvEmbed.build(g, x, stage.dim(), stage.embed()); // [h, w, D]
        return g.channelNorm("norm", grid, normEps); // [h, w, D]
    }

    /** x + attn(norm(x)), then x + mlp(norm(x)): [T, D] -> [T, D]. */
    private Tensor block(Graph g, Tensor x, Tensor grid, CvtStage stage, double path) {
        double drop = stage.drops().proj();
        var attention = new FusedKvConvAttention(
                stage.heads(),
                HEAD_DIM,
                stage.queries(),
                stage.keys(),
                stage.drops().attn(),
                drop);
        var mlp = new Mlp(stage.hidden(), Activation.GELU, drop);
        Tensor y = g.channelNorm("norm1", x, normEps); // [T, D]
        Tensor context = attention.build(g.scope("attn"), y, grid.dim(0), grid.dim(1)); // [T, D]
        x = g.add("add1", x, g.dropPath("drop_path1", context, path)); // [T, D]
        y = mlp.build(g.scope("mlp"), g.channelNorm("norm2", x, normEps)); // [T, D]
        return g.add("add2", x, g.dropPath("drop_path2", y, path)); // [T, D]
    }

    public CommunityCvt {
        stages = List.copyOf(stages);
        Checks.positive("classes", classes);
        Shape grid = Shape.of(image.height(), image.width());
        for (CvtStage stage : stages) {
            Checks.require(
                    !stage.classToken(), "class_token must be false in the community flavor, which pools the mean");
            Checks.require(
                    stage.projection() == ProjectionMethod.DW_BN, "projection must be dw_bn in the community flavor");
            Checks.require(!stage.qkvBias(), "qkv_bias must be false in the community flavor");
            grid = stage.grid(grid);
        }
    }

    @Override
    public String arch() {
        return "cvt";
    }

    @Override
    public Flavor flavor() {
        return Flavor.COMMUNITY;
    }

    public static Optional<CommunityCvt> read(Section s, ImageSpec image, int classes) {
        var defaults = new CvtDefaults(n -> List.of(false), CvtStage::halves, CvtStage::halves, false);
        Supplier<List<CvtStage>> stages = CvtStage.read(s, defaults);
        s.enumAt("init", Cvt.LinearInit.class, Cvt.LinearInit.TRUNC_NORM); // has no effect: vit-pytorch sets no init
        double eps = s.doubleAt("norm_eps", 1e-5);
        return s.build(() -> new CommunityCvt(image, classes, stages.get(), eps));
    }
}
