package org.vit4j.models;

import java.util.ArrayList;
import java.util.Collections;
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
import org.vit4j.layers.ClassToken;
import org.vit4j.layers.ConvAttention;
import org.vit4j.layers.ConvEmbed;
import org.vit4j.layers.CvtStage;
import org.vit4j.layers.CvtStage.CvtDefaults;
import org.vit4j.layers.Mlp;
import org.vit4j.layers.PreNorm;

/**
 * CvT: "Introducing Convolutions to Vision Transformers", Wu et al. 2021, arXiv:2103.15808. Three stages, each an
 * overlapping convolution to fewer and wider tokens, followed by blocks with convolutional projections. As
 * microsoft/CvT, {@code lib/models/cls_cvt.py}.
 *
 * <pre>
 * variant     dim               depth       heads        parameters
 * cvt_13      [64, 192, 384]    [1, 2, 10]  [1, 3, 6]    19,997,480
 * cvt_13_384  [64, 192, 384]    [1, 2, 10]  [1, 3, 6]    19,997,480
 * cvt_21      [64, 192, 384]    [1, 4, 16]  [1, 3, 6]    31,622,696
 * cvt_21_384  [64, 192, 384]    [1, 4, 16]  [1, 3, 6]    31,622,696
 * cvt_w24     [192, 768, 1024]  [2, 2, 20]  [3, 12, 16]  277,196,392
 * </pre>
 */
public record Cvt(ImageSpec image, int classes, List<CvtStage> stages, LinearInit init, double normEps)
        implements ModelConfig {

    @Override
    public Graph build() {
        Graph g = new Graph(init.scheme());
        Tensor x = image.input(g); // [H, W, C]
        Tensor tokens = x;
        for (int i = 0; i < stages.size(); i++) {
            CvtStage stage = stages.get(i);
            Graph at = g.scope("stage" + i);
            Tensor grid = embed(at.scope("patch_embed"), x, stage); // [h, w, D]
            tokens = withClassToken(at, at.reshape("patches", grid, grid.dim(0) * grid.dim(1), stage.dim()), stage);
            tokens = at.dropout("pos_drop", tokens, stage.drops().embed()); // [T, D] or [1 + T, D]
            for (int j = 0; j < stage.depth(); j++) {
                double path = stage.drops().path(j, stage.depth());
                tokens = block(at.scope("blocks." + j), tokens, grid, stage, path); // [T, D] or [1 + T, D]
            }
            if (i == stages.size() - 1) break;
            // A class token before the last stage takes part in the blocks of its stage and is then dropped.
            Tensor patches = stage.classToken() ? at.slice("patches_out", tokens, 0, 1, tokens.dim(0)) : tokens;
            x = at.reshape("out", patches, grid.dim(0), grid.dim(1), stage.dim()); // [h, w, D]
        }
        g.output("logits", head(g, tokens));
        return g;
    }

    /** Overlapping patches: [H, W, C] -> [h, w, D]. */
    private Tensor embed(Graph g, Tensor x, CvtStage stage) {
        Tensor grid = ConvEmbed.build(g, x, stage.dim(), stage.embed()); // [h, w, D]
        return g.layerNorm("norm", grid, normEps); // [h, w, D]
    }

    private static Tensor withClassToken(Graph g, Tensor patches, CvtStage stage) {
        if (!stage.classToken()) return patches;
        return ClassToken.prepend(g, patches, new Init.TruncatedNormalInit(0.02)); // [1 + T, D]
    }

    /** x + attn(LN(x)), then x + mlp(LN(x)). */
    private Tensor block(Graph g, Tensor x, Tensor grid, CvtStage stage, double path) {
        var attention = attention(stage);
        var mlp = new Mlp(stage.hidden(), Activation.QUICK_GELU, stage.drops().proj());
        PreNorm norm = PreNorm.plain(normEps);
        x = norm.residual(
                g,
                "1",
                x,
                path,
                y -> attention.build(g.scope("attn"), y, grid.dim(0), grid.dim(1), stage.classToken())); // [T, D]
        return norm.residual(g, "2", x, path, y -> mlp.build(g.scope("mlp"), y)); // [T, D]
    }

    /** Microsoft scales by the total width instead of the head width; published weights were trained that way. */
    private static ConvAttention attention(CvtStage stage) {
        return new ConvAttention(
                stage.heads(),
                stage.dim(),
                1 / Math.sqrt(stage.dim()),
                stage.qkvBias(),
                stage.projection(),
                stage.queries(),
                stage.keys(),
                stage.drops().attn(),
                stage.drops().proj());
    }

    /** [1 + T, D] -> [K] from the class token, or [T, D] -> [K] from the mean. */
    private Tensor head(Graph g, Tensor x) {
        // The authors initialize the kernel with std 0.02 for every value of init, and the bias as PyTorch does.
        Graph h = g.withInit(new Init.MixedScheme(Init.TIMM::denseKernel, Init.PYTORCH));
        if (!stages.get(stages.size() - 1).classToken()) {
            return h.dense("head", g.mean("pool", g.layerNorm("norm", x, normEps), 0), classes); // [K]
        }
        return h.dense("head", g.layerNorm("norm", ClassToken.select(g, x), normEps), classes); // [K]
    }

    /** Initialization of dense layers. */
    public enum LinearInit {
        TRUNC_NORM,
        XAVIER;

        private Init.InitScheme scheme() {
            return switch (this) {
                case TRUNC_NORM -> Init.TIMM;
                case XAVIER -> Init.XAVIER;
            };
        }
    }

    public Cvt {
        stages = List.copyOf(stages);
        Checks.positive("classes", classes);
        Shape grid = Shape.of(image.height(), image.width());
        for (CvtStage stage : stages) {
            Checks.divides("heads", stage.heads(), "dim", stage.dim());
            grid = stage.grid(grid);
        }
    }

    @Override
    public String arch() {
        return "cvt";
    }

    static Optional<Cvt> read(Section s, ImageSpec image, int classes) {
        var defaults = new CvtDefaults(Cvt::lastOnly, kernels -> List.of(2, 1, 1), kernels -> List.of(1), true);
        Supplier<List<CvtStage>> stages = CvtStage.read(s, defaults);
        LinearInit init = s.enumAt("init", LinearInit.class, LinearInit.TRUNC_NORM);
        double eps = s.doubleAt("norm_eps", 1e-5);
        return s.build(() -> new Cvt(image, classes, stages.get(), init, eps));
    }

    private static List<Boolean> lastOnly(int stages) {
        List<Boolean> tokens = new ArrayList<>(Collections.nCopies(stages, false));
        if (stages > 0) tokens.set(stages - 1, true);
        return tokens;
    }
}
