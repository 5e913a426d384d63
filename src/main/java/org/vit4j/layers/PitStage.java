package org.vit4j.layers;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Activation;

/** Stage of PiT (Heo et al. 2021, section 3.2): transformer blocks on one grid, with tokens of one width. */
public record PitStage(int dim, int depth, TransformerBlock block) {
    public PitStage {
        Checks.positive("dim", dim);
        Checks.depth("depth", depth);
        Checks.positive("heads", block.attention().heads());
        Checks.positive("head_dim", block.attention().headDim());
        Checks.positive("mlp_dim", block.mlp().hidden());
    }

    /**
     * Number and width of the heads of each stage, and the width of its tokens.
     *
     * @param depth blocks of each stage
     */
    public record PitWidths(List<Integer> depth, List<Integer> heads, List<Integer> headDim, List<Integer> dim) {
        /** Widths of stages whose tokens are as wide as their heads together. */
        public static PitWidths ofHeads(List<Integer> depth, List<Integer> heads, List<Integer> headDim) {
            List<Integer> dims = IntStream.range(0, heads.size())
                    .mapToObj(i -> heads.get(i) * headDim.get(i))
                    .toList();
            return new PitWidths(depth, heads, headDim, dims);
        }
    }

    /** Reads one value per stage, or one value for all stages. */
    public static List<Integer> perStage(Section s, String key, List<Integer> standard, List<Integer> depth) {
        List<Integer> values = s.intsAt(key, standard);
        if (values.size() == depth.size()) return values;
        if (values.size() != 1) {
            s.reject(key, "expected one value or as many as depth (" + depth.size() + "), got " + values.size());
        }
        int value = values.isEmpty() ? standard.get(0) : values.get(0);
        return Collections.nCopies(depth.size(), value);
    }

    /** Reads {@code mlp_dim}, one width for all stages. */
    public static List<Integer> readMlpDim(Section s, PitWidths widths) {
        return Collections.nCopies(widths.dim.size(), s.intAt("mlp_dim", 2048));
    }

    /** Reads {@code mlp_ratio}, widths proportional to those of the tokens. */
    public static List<Integer> readMlpRatio(Section s, PitWidths widths) {
        double ratio = s.doubleAt("mlp_ratio", 4);
        return widths.dim.stream().map(dim -> (int) (dim * ratio)).toList();
    }

    /** Creates the stages; the supplier checks the values. */
    public static Supplier<List<PitStage>> all(
            PitWidths widths, List<Integer> mlpDims, boolean qkvBias, double normEps, DropRates drops) {
        return () -> {
            List<PitStage> stages = new ArrayList<>();
            for (int i = 0; i < widths.depth.size(); i++) {
                int d = widths.headDim.get(i);
                var attention = new Attention(
                        widths.heads.get(i),
                        d,
                        1 / Math.sqrt(d),
                        qkvBias,
                        OptionalDouble.empty(),
                        true,
                        drops.attn(),
                        drops.proj());
                var mlp = new Mlp(mlpDims.get(i), Activation.GELU, drops.proj());
                var block = new TransformerBlock(attention, mlp, PreNorm.plain(normEps));
                stages.add(new PitStage(widths.dim.get(i), widths.depth.get(i), block));
            }
            return stages;
        };
    }

    /** Requires that each pooling multiplies the width by an integer, and at least one stage. */
    public static void checkWidths(List<PitStage> stages) {
        for (int i = 1; i < stages.size(); i++) {
            Checks.divides(
                    "width of stage " + (i - 1), stages.get(i - 1).dim, "width of stage " + i, stages.get(i).dim);
        }
    }
}
