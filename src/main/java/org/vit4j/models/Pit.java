package org.vit4j.models;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.PositionGrid;
import org.vit4j.graph.Role;
import org.vit4j.graph.Tensor;
import org.vit4j.layers.ConvHeadPooling;
import org.vit4j.layers.DropRates;
import org.vit4j.layers.OverlappingPatches;
import org.vit4j.layers.PitStage;
import org.vit4j.layers.PitStage.PitWidths;

/**
 * PiT: "Rethinking Spatial Dimensions of Vision Transformers", Heo et al. 2021, arXiv:2103.16302. A ViT in stages that
 * pools the patch grid between stages, like a convolutional network. As huggingface/pytorch-image-models 0.9.16, {@code
 * timm/models/pit.py} (equal to naver-ai/pit).
 *
 * <pre>
 * variant               depth      heads       head_dim  parameters
 * pit_ti_224            [2, 6, 4]  [2, 4, 8]   32        4,847,272
 * pit_ti_distilled_224  [2, 6, 4]  [2, 4, 8]   32        5,104,336
 * pit_xs_224            [2, 6, 4]  [2, 4, 8]   48        10,618,888
 * pit_xs_distilled_224  [2, 6, 4]  [2, 4, 8]   48        11,003,984
 * pit_s_224             [2, 6, 4]  [3, 6, 12]  48        23,461,912
 * pit_s_distilled_224   [2, 6, 4]  [3, 6, 12]  48        24,039,056
 * pit_b_224             [3, 6, 4]  [4, 8, 16]  64        73,764,840
 * pit_b_distilled_224   [3, 6, 4]  [4, 8, 16]  64        74,790,096
 * </pre>
 *
 * @param distilled true for a distillation token and a second head
 */
public record Pit(
        ImageSpec image,
        int classes,
        OverlappingPatches patches,
        List<PitStage> stages,
        boolean distilled,
        double normEps,
        DropRates drops)
        implements ModelConfig {

    @Override
    public Graph build() {
        // Unlike ViT and DeiT, the authors keep PyTorch's defaults for dense layers.
        Graph g = new Graph(Init.PYTORCH);
        Init init = new Init.TruncatedNormalInit(0.02);
        int n = distilled ? 2 : 1;
        int total = stages.stream().mapToInt(PitStage::depth).sum();

        Tensor grid = g.scope("patch_embed")
                .conv2d("conv", image.input(g), stages.get(0).dim(), patches.window(), 1, true); // [h, w, D]
        PositionGrid cells = new PositionGrid(0, grid.dim(0), grid.dim(1));
        grid = g.addPositions("pos_embed", grid, Role.POSITION, init, cells); // [h, w, D]
        grid = g.dropout("pos_drop", grid, drops.embed()); // [h, w, D]
        Tensor cls = g.learnedTokens("cls_token", flat(g, grid), n, init); // [n, D]
        int block = 0;
        for (int i = 0; i < stages.size(); i++) {
            PitStage stage = stages.get(i);
            Graph at = g.scope("transformers." + i);
            if (i > 0) {
                ConvHeadPooling pool = new ConvHeadPooling(stage.dim(), 2);
                grid = pool.grid(at.scope("pool"), grid); // [h / 2, w / 2, D']
                cls = pool.tokens(at.scope("pool"), cls); // [n, D']
            }
            Tensor x = at.concat("tokens", 0, cls, flat(at, grid)); // [n + T, D]
            for (int j = 0; j < stage.depth(); j++, block++) {
                x = stage.block().build(at.scope("blocks." + j), x, drops.path(block, total)); // [n + T, D]
            }
            cls = at.slice("cls", x, 0, 0, n); // [n, D]
            if (i + 1 < stages.size()) {
                Tensor rest = at.slice("patches_out", x, 0, n, x.dim(0)); // [T, D]
                grid = at.reshape("grid", rest, grid.dim(0), grid.dim(1), stage.dim()); // [h, w, D]
            }
        }
        heads(g, g.layerNorm("norm", cls, normEps)); // [n, D] -> [K]
        return g;
    }

    private static Tensor flat(Graph g, Tensor grid) {
        return g.reshape("patches", grid, grid.dim(0) * grid.dim(1), grid.dim(2)); // [T, D]
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
        g.output("logits", g.scale("mean", g.add("sum", classLogits, distillLogits), 0.5)); // [K]
        g.output("logits_class", classLogits);
        g.output("logits_distill", distillLogits);
    }

    private Tensor head(Graph g, String name, Tensor tokens, int index) {
        Tensor token = g.slice(name + ".slice", tokens, 0, index, index + 1); // [1, D]
        Tensor flat = g.reshape(name + ".token", token, tokens.dim(1)); // [D]
        return g.dense(name, g.dropout(name + ".drop", flat, drops.head()), classes); // [K]
    }

    public Pit {
        stages = List.copyOf(stages);
        Checks.positive("classes", classes);
        Checks.check(!stages.isEmpty(), "depth", List.of(), "must have at least one stage");
        patches.requireFit(image.height(), image.width());
        PitStage.checkWidths(stages);
    }

    @Override
    public String arch() {
        return "pit";
    }

    static Optional<Pit> read(Section s, ImageSpec image, int classes) {
        int[] patch = s.heightWidthAt("patch_size", 16);
        int stride = s.intAt("stride", 8);
        List<Integer> depth = s.intsAt("depth", List.of(2, 6, 4));
        List<Integer> heads = PitStage.perStage(s, "heads", List.of(2, 4, 8), depth);
        List<Integer> headDim = PitStage.perStage(s, "head_dim", List.of(48), depth);
        PitWidths widths = PitWidths.ofHeads(depth, heads, headDim);
        if (s.has("dim")) s.reject("dim", "is heads x head_dim in the official flavor; remove the key");
        List<Integer> mlpDims = s.has("mlp_dim") ? PitStage.readMlpDim(s, widths) : PitStage.readMlpRatio(s, widths);
        boolean qkvBias = s.boolAt("qkv_bias", true);
        boolean distilled = s.boolAt("distilled", false);
        double eps = s.doubleAt("norm_eps", 1e-6);
        DropRates drops = DropRates.read(s);
        Supplier<List<PitStage>> stages = PitStage.all(widths, mlpDims, qkvBias, eps, drops);
        return s.build(() -> {
            List<PitStage> all = stages.get();
            return new Pit(
                    image, classes, new OverlappingPatches(patch[0], patch[1], stride), all, distilled, eps, drops);
        });
    }
}
