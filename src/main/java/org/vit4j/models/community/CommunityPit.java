package org.vit4j.models.community;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.PositionGrid;
import org.vit4j.graph.Role;
import org.vit4j.graph.Tensor;
import org.vit4j.layers.DropRates;
import org.vit4j.layers.OverlappingPatches;
import org.vit4j.layers.PitStage;
import org.vit4j.layers.PitStage.PitWidths;
import org.vit4j.layers.SeparableHeadPooling;
import org.vit4j.layers.TransformerBlock;
import org.vit4j.models.Flavor;
import org.vit4j.models.ImageSpec;
import org.vit4j.models.ModelConfig;

/**
 * PiT as lucidrains/vit-pytorch 0.20.2, {@code pit.py}. Unlike the authors' {@link org.vit4j.models.Pit}, it has heads
 * of any width, a position of the class token, a pointwise convolution in the pooling, one MLP width for all stages, and
 * patch kernels stored as a matrix.
 */
public record CommunityPit(
        ImageSpec image,
        int classes,
        OverlappingPatches patches,
        List<PitStage> stages,
        double normEps,
        DropRates drops)
        implements ModelConfig {

    @Override
    public Graph build() {
        Graph g = new Graph(Init.PYTORCH);
        Init init = new Init.NormalInit(1);
        int total = stages.stream().mapToInt(PitStage::depth).sum();

        Tensor grid = embed(g.scope("patch_embed"), image.input(g)); // [h, w, D]
        Tensor cls = g.learnedTokens("cls_token", flat(g, grid), 1, init); // [1, D]
        int block = 0;
        for (int i = 0; i < stages.size(); i++) {
            PitStage stage = stages.get(i);
            Graph at = g.scope("transformers." + i);
            if (i > 0) {
                SeparableHeadPooling pool = new SeparableHeadPooling(stage.dim(), 2);
                grid = pool.grid(at.scope("pool"), grid); // [h / 2, w / 2, D']
                cls = pool.tokens(at.scope("pool"), cls); // [1, D']
            }
            Tensor x = at.concat("tokens", 0, cls, flat(at, grid)); // [1 + T, D]
            if (i == 0) {
                PositionGrid positions = new PositionGrid(1, grid.dim(0), grid.dim(1));
                x = g.addPositions("pos_embed", x, Role.POSITION, init, positions); // [1 + T, D]
                x = g.dropout("pos_drop", x, drops.embed()); // [1 + T, D]
            }
            for (int j = 0; j < stage.depth(); j++, block++) {
                x = block(stage).build(at.scope("blocks." + j), x, drops.path(block, total)); // [1 + T, D]
            }
            cls = at.slice("cls", x, 0, 0, 1); // [1, D]
            if (i + 1 < stages.size()) {
                Tensor rest = at.slice("patches_out", x, 0, 1, x.dim(0)); // [T, D]
                grid = at.reshape("grid", rest, grid.dim(0), grid.dim(1), stage.dim()); // [h, w, D]
            }
        }
        g.output("logits", head(g, g.layerNorm("norm", cls, normEps))); // [K]
        return g;
    }

    /** Equivalent to a convolution, but the kernel is a matrix over (channel, row, column): [H, W, C] -> [h, w, D]. */
    private Tensor embed(Graph g, Tensor image) {
        Tensor unfolded = g.unfold("unfold", image, patches.window()); // [T, C * P * P]
        int height = (image.dim(0) - patches.height()) / patches.stride() + 1;
        int dim = stages.get(0).dim();
        return g.reshape("grid", g.dense("proj", unfolded, dim), height, unfolded.dim(0) / height, dim); // [h, w, D]
    }

    private static Tensor flat(Graph g, Tensor grid) {
        return g.reshape("patches", grid, grid.dim(0) * grid.dim(1), grid.dim(2)); // [T, D]
    }

    /** Without an output projection in a stage with a single head of full width. */
    private static TransformerBlock block(PitStage stage) {
        TransformerBlock block = stage.block();
        return new TransformerBlock(block.attention().projectedUnlessSingle(stage.dim()), block.mlp(), block.norm());
    }

    /** [1, D] -> [K] */
    private Tensor head(Graph g, Tensor cls) {
        Tensor token = g.slice("head.slice", cls, 0, 0, 1); // [1, D]
        Tensor flat = g.reshape("head.token", token, cls.dim(1)); // [D]
        return g.dense("head", g.dropout("head.drop", flat, drops.head()), classes); // [K]
    }

    public CommunityPit {
        stages = List.copyOf(stages);
        Checks.positive("classes", classes);
        Checks.check(!stages.isEmpty(), "depth", List.of(), "must have at least one stage");
        patches.requireFit(image.height(), image.width());
        PitStage.checkWidths(stages);
        Checks.divides("patch_size", patches.height(), "image height", image.height());
        Checks.divides("patch_size", patches.width(), "image width", image.width());
    }

    @Override
    public String arch() {
        return "pit";
    }

    @Override
    public Flavor flavor() {
        return Flavor.COMMUNITY;
    }

    public static Optional<CommunityPit> read(Section s, ImageSpec image, int classes) {
        int[] patch = s.heightWidthAt("patch_size", 14);
        int stride = s.intAt("stride", patch[0] / 2);
        List<Integer> depth = s.intsAt("depth", List.of(3, 3, 3));
        List<Integer> heads = PitStage.perStage(s, "heads", List.of(16), depth);
        List<Integer> headDim = PitStage.perStage(s, "head_dim", List.of(64), depth);
        int first = s.intAt("dim", 256);
        List<Integer> dims = // doubled by every pooling
                IntStream.range(0, depth.size()).mapToObj(i -> first << i).toList();
        PitWidths widths = new PitWidths(depth, heads, headDim, dims);
        List<Integer> mlpDims = s.has("mlp_dim") || !s.has("mlp_ratio")
                ? PitStage.readMlpDim(s, widths)
                : PitStage.readMlpRatio(s, widths);
        boolean qkvBias = s.boolAt("qkv_bias", false);
        boolean distilled = s.boolAt("distilled", false);
        double eps = s.doubleAt("norm_eps", 1e-5);
        DropRates drops = DropRates.read(s);
        Supplier<List<PitStage>> stages = PitStage.all(widths, mlpDims, qkvBias, eps, drops);
        return s.build(() -> {
            List<PitStage> all = stages.get();
            var patches = new OverlappingPatches(patch[0], patch[1], stride);
            var model = new CommunityPit(image, classes, patches, all, eps, drops);
            Checks.require(!distilled, "distilled (true) needs the official flavor");
            return model;
        });
    }
}
