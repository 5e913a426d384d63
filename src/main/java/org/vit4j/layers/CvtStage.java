package org.vit4j.layers;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Window;
import org.vit4j.layers.ConvAttention.ProjectionMethod;

/**
 * Sizes of a stage of CvT (Wu et al. 2021, table 2): a convolution to a smaller grid of wider tokens, then transformer
 * blocks with convolutional projections.
 *
 * @param hidden width of the MLP
 * @param embed window of the token embedding
 * @param queries window of the convolution of the queries
 * @param keys window of the convolution of keys and values
 * @param drops rates of this stage; drop path grows from 0 within the stage
 */
public record CvtStage(
        int dim,
        int depth,
        int heads,
        int hidden,
        Window embed,
        boolean classToken,
        ProjectionMethod projection,
        Window queries,
        Window keys,
        boolean qkvBias,
        DropRates drops) {

    public CvtStage {
        Checks.positive("dim", dim);
        Checks.depth("depth", depth, 0);
        Checks.positive("heads", heads);
    }

    private static CvtStage checked(CvtStage stage, double mlpRatio) {
        Checks.check(stage.hidden >= 1, "mlp_ratio", mlpRatio, "is too small for dim (" + stage.dim + ")");
        Window q = stage.queries;
        boolean keepsGrid = q.strideHeight() == 1 && q.kernelHeight() == 2 * q.padHeight() + 1;
        Checks.require(
                stage.projection != ProjectionMethod.DW_BN || keepsGrid,
                "the convolution of the queries must keep the grid: q_stride (%d) must be 1 and qkv_kernel (%d)"
                        + " must be 2 x q_padding (%d) + 1",
                q.strideHeight(),
                q.kernelHeight(),
                q.padHeight());
        // Queries are not pooled.
        Window keys = stage.keys;
        Checks.require(
                stage.projection != ProjectionMethod.AVG || !keys.reachesOnlyPadding(),
                "kv_padding (%d) must be less than qkv_kernel (%d) for projection avg: the mean of padding only is not defined",
                keys.padHeight(),
                keys.kernelHeight());
        return stage;
    }

    /**
     * Returns the grid [H', W'] of the stage for an input [H, W].
     *
     * @throws IllegalArgumentException if a window does not fit into its input
     */
    public Shape grid(Shape input) {
        int h = outputSize("embed", "patch_size", embed, input.dim(0));
        int w = outputSize("embed", "patch_size", embed, input.dim(1));
        if (projection != ProjectionMethod.LINEAR) {
            outputSize("keys", "qkv_kernel", keys, h);
            outputSize("keys", "qkv_kernel", keys, w);
        }
        return Shape.of(h, w);
    }

    private static int outputSize(String part, String key, Window window, int size) {
        int last = size + 2 * window.padHeight() - window.kernelHeight();
        Checks.require(last >= 0, "%s: %s (%d) does not fit into a side of %d", part, key, window.kernelHeight(), size);
        return last / window.strideHeight() + 1;
    }

    /**
     * Default values that differ between implementations.
     *
     * @param classToken defaults of {@code class_token} for a number of stages
     * @param embedPadding defaults of {@code patch_padding} for the kernels of the embeddings
     * @param qkvPadding defaults of {@code q_padding} and {@code kv_padding} for the kernels of the projections
     */
    public record CvtDefaults(
            IntFunction<List<Boolean>> classToken,
            UnaryOperator<List<Integer>> embedPadding,
            UnaryOperator<List<Integer>> qkvPadding,
            boolean qkvBias) {}

    /** Reads the keys of all stages; the supplier checks the values. */
    public static Supplier<List<CvtStage>> read(Section s, CvtDefaults defaults) {
        List<Integer> dims = s.intsAt("dim", List.of(64, 192, 384));
        int n = dims.size();
        List<Integer> depths = PerStage.ints(s, "depth", n, List.of(1, 2, 10));
        List<Integer> heads = PerStage.ints(s, "heads", n, List.of(1, 3, 6));
        List<Double> ratios = PerStage.doubles(s, "mlp_ratio", n, 4);
        List<Integer> kernels = PerStage.ints(s, "patch_size", n, List.of(7, 3, 3));
        List<Integer> strides = PerStage.ints(s, "patch_stride", n, List.of(4, 2, 2));
        List<Integer> pads = PerStage.ints(s, "patch_padding", n, defaults.embedPadding.apply(kernels));
        List<Boolean> tokens =
                PerStage.spread(s, "class_token", n, s.boolsAt("class_token", defaults.classToken.apply(n)));
        List<ProjectionMethod> methods =
                PerStage.choices(s, "projection", n, ProjectionMethod.class, ProjectionMethod.DW_BN);
        List<Integer> qkvKernels = PerStage.ints(s, "qkv_kernel", n, List.of(3));
        List<Integer> qkvPadding = defaults.qkvPadding.apply(qkvKernels);
        List<Integer> qPads = PerStage.ints(s, "q_padding", n, qkvPadding);
        List<Integer> kvPads = PerStage.ints(s, "kv_padding", n, qkvPadding);
        List<Integer> qStrides = PerStage.ints(s, "q_stride", n, List.of(1));
        List<Integer> kvStrides = PerStage.ints(s, "kv_stride", n, List.of(2));
        List<Boolean> biases = PerStage.spread(s, "qkv_bias", n, s.boolsAt("qkv_bias", List.of(defaults.qkvBias)));
        IntFunction<DropRates> drops = readDrops(s, n);
        return () -> {
            List<CvtStage> stages = new ArrayList<>();
            for (int i = 0; i < n; i++) {
                var stage = new CvtStage(
                        dims.get(i),
                        depths.get(i),
                        heads.get(i),
                        (int) (dims.get(i) * ratios.get(i)),
                        Window.square(kernels.get(i), strides.get(i), pads.get(i)),
                        tokens.get(i),
                        methods.get(i),
                        Window.square(qkvKernels.get(i), qStrides.get(i), qPads.get(i)),
                        Window.square(qkvKernels.get(i), kvStrides.get(i), kvPads.get(i)),
                        biases.get(i),
                        drops.apply(i));
                stages.add(checked(stage, ratios.get(i)));
            }
            Checks.check(!stages.isEmpty(), "dim", List.of(), "must have at least one stage");
            return List.copyOf(stages);
        };
    }

    private static IntFunction<DropRates> readDrops(Section s, int n) {
        List<Double> embed = PerStage.doubles(s, "pos_drop", n, 0);
        List<Double> proj = PerStage.doubles(s, "proj_drop", n, 0);
        List<Double> attn = PerStage.doubles(s, "attn_drop", n, 0);
        List<Double> path = PerStage.doubles(s, "drop_path", n, 0);
        return i -> new DropRates(embed.get(i), proj.get(i), attn.get(i), path.get(i), 0);
    }

    /** Returns half of each kernel, the padding that keeps the size at stride 1. */
    public static List<Integer> halves(List<Integer> kernels) {
        return kernels.stream().map(kernel -> kernel / 2).toList();
    }
}
