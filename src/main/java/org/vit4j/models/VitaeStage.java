package org.vit4j.models;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.layers.DropRates;
import org.vit4j.layers.NormalCell;
import org.vit4j.layers.NormalCell.NormalCellType;
import org.vit4j.layers.PatchEmbed;
import org.vit4j.layers.PyramidReduction;
import org.vit4j.layers.ReductionCell;
import org.vit4j.layers.ReductionCell.ReductionCellType;
import org.vit4j.layers.StageKeys;

/**
 * Stage of ViTAE: a reduction cell (rc) or ViT's patch embedding, or neither, then normal cells (nc).
 *
 * @param tokenDim D, width of the tokens
 * @param depth number of normal cells
 */
public record VitaeStage(
        Optional<PatchEmbed> embedding, Optional<ReductionCell> reduction, NormalCell normal, int tokenDim, int depth) {

    /** Values of {@code rc_tokens_type}: types of reduction cells, ViT's patch embedding, or none. */
    private enum ReductionType {
        PERFORMER,
        PERFORMER_LESS,
        TRANSFORMER,
        POOLING,
        EMBEDDING,
        NONE
    }

    public VitaeStage {
        Checks.depth("nc_depth", depth, 0);
        if (depth > 0) normal.requireWidth(tokenDim);
    }

    /** Returns true if the stage starts with a reduction cell or a patch embedding. */
    boolean reduces() {
        return embedding.isPresent() || reduction.isPresent();
    }

    /**
     * Reads the lists of a model section with one entry per stage, or one value for all stages; a single {@code
     * token_dims} doubles with each stage. Reports problems to the section; the result may then be incomplete.
     *
     * @param shareWeights true if the dilations of a pyramid share one kernel
     * @param tokenDrop dropout of the performers in reduction cells
     */
    static List<VitaeStage> read(Section s, boolean shareWeights, double tokenDrop, double normEps, DropRates drops) {
        int count = s.intAt("stages", 4);
        if (count < 1) {
            s.reject("stages", "must be at least 1, got " + count);
            return List.of();
        }
        StageKeys keys = new StageKeys(s, count);
        List<Reduction> reductions = readReductions(keys);
        List<NormalCellType> types = keys.choices("nc_tokens_type", NormalCellType.class, List.of("transformer"));
        List<Integer> heads = keys.ints("nc_heads", List.of(4));
        List<Integer> groups = keys.ints("nc_group", List.of(1, 32, 64, 64));
        List<Integer> depths = keys.ints("nc_depth", List.of(2, 2, 6, 2));
        List<Double> ratios = keys.doubles("mlp_ratio", 4);
        List<Boolean> biases = keys.bools("qkv_bias", true);
        OptionalDouble qkScale = s.optionalDouble("qk_scale");
        List<VitaeStage> stages = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            try {
                Reduction rc = reductions.get(i);
                rc.check();
                NormalCell cell = new NormalCell(
                        types.get(i),
                        heads.get(i),
                        ratios.get(i),
                        biases.get(i),
                        qkScale,
                        groups.get(i),
                        normEps,
                        drops.proj(),
                        drops.attn());
                stages.add(new VitaeStage(
                        rc.embedding(), rc.cell(shareWeights, tokenDrop), cell, rc.tokenDim, depths.get(i)));
            } catch (Checks.InvalidValueException e) {
                s.reject(e.key(), e.getMessage() + ", in stage " + i);
            }
        }
        return stages;
    }

    private static List<Reduction> readReductions(StageKeys keys) {
        var standardDilations = List.of(List.of(1, 2, 3, 4), List.of(1, 2, 3), List.of(1, 2), List.of(1, 2));
        var standardTypes = List.of("performer", "transformer", "transformer", "transformer");
        List<Integer> embedDims = keys.ints("embed_dims", List.of(64));
        List<Integer> tokenDims = keys.doubledInts("token_dims", 64);
        List<Integer> ratios = keys.ints("downsample_ratios", List.of(4, 2, 2, 2));
        List<Integer> kernels = keys.ints("kernel_size", List.of(7, 3, 3, 3));
        List<Integer> heads = keys.ints("rc_heads", List.of(1));
        List<List<Integer>> dilations = keys.intLists("dilations", standardDilations);
        List<PyramidReduction.JoinType> ops = keys.choices("rc_op", PyramidReduction.JoinType.class, List.of("cat"));
        List<ReductionType> types = keys.choices("rc_tokens_type", ReductionType.class, standardTypes);
        List<Integer> groups = keys.ints("rc_group", List.of(1));
        List<Reduction> all = new ArrayList<>();
        for (int i = 0; i < keys.count(); i++) {
            all.add(new Reduction(
                    embedDims.get(i),
                    tokenDims.get(i),
                    ratios.get(i),
                    kernels.get(i),
                    heads.get(i),
                    dilations.get(i),
                    ops.get(i),
                    types.get(i),
                    groups.get(i)));
        }
        return all;
    }

    /** Values of the keys of a reduction cell; a cell with stride 1 is none. */
    private record Reduction(
            int embedDim,
            int tokenDim,
            int ratio,
            int kernel,
            int heads,
            List<Integer> dilations,
            PyramidReduction.JoinType op,
            ReductionType type,
            int group) {

        void check() {
            Checks.positive("embed_dims", embedDim);
            Checks.positive("token_dims", tokenDim);
            Checks.positive("downsample_ratios", ratio);
            Checks.positive("kernel_size", kernel);
            Checks.positive("rc_heads", heads);
            Checks.positive("rc_group", group);
            Checks.check(!dilations.isEmpty(), "dilations", dilations, "must have at least one entry");
            for (int dilation : dilations) Checks.positive("dilations", dilation);
        }

        Optional<PatchEmbed> embedding() {
            return ratio > 1 && type == ReductionType.EMBEDDING
                    ? Optional.of(new PatchEmbed(ratio, ratio, tokenDim, true))
                    : Optional.empty();
        }

        Optional<ReductionCell> cell(boolean shareWeights, double tokenDrop) {
            if (ratio == 1 || type == ReductionType.NONE || type == ReductionType.EMBEDDING) return Optional.empty();
            var pyramid = new PyramidReduction(embedDim, ratio, kernel, dilations, shareWeights, op);
            Checks.check(
                    type != ReductionType.PERFORMER_LESS || pyramid.width() == tokenDim,
                    "token_dims",
                    tokenDim,
                    "must be the output width of performer_less (" + pyramid.width() + ")");
            double drop = type == ReductionType.PERFORMER ? tokenDrop : 0;
            var cell = ReductionCellType.valueOf(type.name());
            return Optional.of(new ReductionCell(pyramid, cell, tokenDim, heads, group, 1, drop, 0, 0));
        }
    }
}
