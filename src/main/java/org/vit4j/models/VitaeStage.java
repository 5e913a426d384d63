package org.vit4j.models;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.layers.DropRates;
import org.vit4j.layers.NormalCell;
import org.vit4j.layers.PyramidReduction;
import org.vit4j.layers.ReductionCell;

/**
 * Stage of ViTAE: a reduction cell (rc), then normal cells (nc).
 *
 * @param ratio stride of the reduction cell; 1 for no cell
 * @param depth number of normal cells
 */
record VitaeStage(
        int embedDim,
        int tokenDim,
        int ratio,
        int kernel,
        int rcHeads,
        int ncHeads,
        List<Integer> dilations,
        PyramidReduction.JoinType rcOp,
        ReductionType rcTokens,
        NormalCell.NormalCellType ncTokens,
        int rcGroup,
        int ncGroup,
        int depth,
        double mlpRatio,
        boolean qkvBias,
        OptionalDouble qkScale) {

    /** Values of {@code rc_tokens_type}: types of reduction cells, ViT's patch embedding, or none. */
    enum ReductionType {
        PERFORMER,
        PERFORMER_LESS,
        TRANSFORMER,
        POOLING,
        EMBEDDING,
        NONE
    }

    VitaeStage {
        dilations = List.copyOf(dilations);
        Checks.positive("embed_dims", embedDim);
        Checks.positive("token_dims", tokenDim);
        Checks.positive("downsample_ratios", ratio);
        Checks.positive("kernel_size", kernel);
        Checks.positive("rc_heads", rcHeads);
        Checks.positive("nc_heads", ncHeads);
        Checks.positive("rc_group", rcGroup);
        Checks.positive("nc_group", ncGroup);
        Checks.check(!dilations.isEmpty(), "dilations", dilations, "must have at least one entry");
        for (int dilation : dilations) Checks.positive("dilations", dilation);
        Checks.check(depth >= 0, "nc_depth", depth, "must be at least 0");
        Checks.positive("mlp_ratio", mlpRatio);
        boolean cell = ratio > 1 && rcTokens != ReductionType.NONE && rcTokens != ReductionType.EMBEDDING;
        if (cell) checkReduction(embedDim, tokenDim, ratio, rcHeads, dilations.size(), rcOp, rcTokens, rcGroup);
        if (depth > 0) checkNormal(tokenDim, (int) (tokenDim * mlpRatio), ncHeads, ncTokens, ncGroup);
    }

    private static void checkReduction(
            int embedDim,
            int tokenDim,
            int ratio,
            int heads,
            int dilations,
            PyramidReduction.JoinType op,
            ReductionType type,
            int group) {
        int width = op == PyramidReduction.JoinType.CAT ? embedDim * dilations : embedDim;
        if (type == ReductionType.PERFORMER_LESS) {
            Checks.check(
                    width == tokenDim,
                    "token_dims",
                    tokenDim,
                    "must be the output width of performer_less (" + width + ")");
            return;
        }
        Checks.check(
                type == ReductionType.POOLING || ratio == 2 || ratio == 4 || ratio == 8,
                "downsample_ratios",
                ratio,
                "must be 2, 4 or 8, the strides that three convolutions can have together");
        Checks.check(type != ReductionType.PERFORMER || heads == 1, "rc_heads", heads, "must be 1 with a performer");
        Checks.check(type != ReductionType.PERFORMER || tokenDim >= 2, "token_dims", tokenDim, "must be at least 2");
        Checks.divides("rc_heads", heads, "token_dims", tokenDim);
        Checks.divides("rc_group", group, "embed_dims", embedDim);
        Checks.divides("rc_group", group, "token_dims", tokenDim);
    }

    private static void checkNormal(int dim, int hidden, int heads, NormalCell.NormalCellType type, int group) {
        Checks.check(!type.performer() || heads == 1, "nc_heads", heads, "must be 1 with a performer");
        Checks.check(!type.performer() || dim >= 2, "token_dims", dim, "must be at least 2");
        Checks.divides("nc_heads", heads, "token_dims", dim);
        Checks.divides("nc_group", group, "token_dims", dim);
        Checks.check(
                hidden % group == 0,
                "nc_group",
                group,
                "must divide the hidden width token_dims x mlp_ratio (" + hidden + ")");
    }

    /** Returns true if the stage starts with a reduction cell or a patch embedding. */
    boolean reduces() {
        return ratio > 1 && rcTokens != ReductionType.NONE;
    }

    boolean embeds() {
        return rcTokens == ReductionType.EMBEDDING;
    }

    ReductionCell reduction(boolean shareWeights, double tokenDrop) {
        var pyramid = new PyramidReduction(embedDim, ratio, kernel, dilations, shareWeights, rcOp);
        var type = ReductionCell.ReductionCellType.valueOf(rcTokens.name());
        double drop = rcTokens == ReductionType.PERFORMER ? tokenDrop : 0;
        return new ReductionCell(pyramid, type, tokenDim, rcHeads, rcGroup, 1, drop, 0, 0);
    }

    NormalCell normal(boolean classToken, double normEps, DropRates drops, double path) {
        return new NormalCell(
                ncTokens,
                ncHeads,
                mlpRatio,
                qkvBias,
                qkScale,
                ncGroup,
                classToken,
                normEps,
                drops.proj(),
                drops.attn(),
                path);
    }

    /**
     * Reads the lists of a model section with one entry per stage, or one value for all stages; a single {@code
     * token_dims} doubles with each stage. Reports problems to the section; the result may then be incomplete.
     */
    static List<VitaeStage> read(Section s) {
        int count = s.intAt("stages", 4);
        if (count < 1) {
            s.reject("stages", "must be at least 1, got " + count);
            return List.of();
        }
        var embedDims = ints(s, "embed_dims", count, List.of(64));
        var tokenDims = s.intsAt("token_dims", List.of(64));
        if (tokenDims.size() == 1 && count > 1) tokenDims = doubled(tokenDims.get(0), count);
        tokenDims = each(s, "token_dims", count, tokenDims, doubled(64, count));
        var ratios = ints(s, "downsample_ratios", count, List.of(4, 2, 2, 2));
        var kernels = ints(s, "kernel_size", count, List.of(7, 3, 3, 3));
        var rcHeads = ints(s, "rc_heads", count, List.of(1));
        var ncHeads = ints(s, "nc_heads", count, List.of(4));
        var pyramid = List.of(List.of(1, 2, 3, 4), List.of(1, 2, 3), List.of(1, 2), List.of(1, 2));
        var dilations = each(s, "dilations", count, s.intListsAt("dilations", first(pyramid, count)), pyramid);
        var rcOps = choices(s, "rc_op", count, PyramidReduction.JoinType.class, List.of("cat"));
        var rcTokens = choices(
                s,
                "rc_tokens_type",
                count,
                ReductionType.class,
                List.of("performer", "transformer", "transformer", "transformer"));
        var ncTokens = choices(s, "nc_tokens_type", count, NormalCell.NormalCellType.class, List.of("transformer"));
        var rcGroups = ints(s, "rc_group", count, List.of(1));
        var ncGroups = ints(s, "nc_group", count, List.of(1, 32, 64, 64));
        var depths = ints(s, "nc_depth", count, List.of(2, 2, 6, 2));
        var mlpRatios = each(s, "mlp_ratio", count, s.doublesAt("mlp_ratio", List.of(4.0)), List.of(4.0));
        var qkvBiases = each(s, "qkv_bias", count, s.boolsAt("qkv_bias", List.of(true)), List.of(true));
        OptionalDouble qkScale = s.optionalDouble("qk_scale");
        List<VitaeStage> stages = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            try {
                stages.add(new VitaeStage(
                        embedDims.get(i),
                        tokenDims.get(i),
                        ratios.get(i),
                        kernels.get(i),
                        rcHeads.get(i),
                        ncHeads.get(i),
                        dilations.get(i),
                        rcOps.get(i),
                        rcTokens.get(i),
                        ncTokens.get(i),
                        rcGroups.get(i),
                        ncGroups.get(i),
                        depths.get(i),
                        mlpRatios.get(i),
                        qkvBiases.get(i),
                        qkScale));
            } catch (Checks.InvalidValueException e) {
                s.reject(e.key(), e.getMessage() + ", in stage " + i);
            }
        }
        return stages;
    }

    private static List<Integer> doubled(int first, int count) {
        List<Integer> all = new ArrayList<>();
        for (int i = 0; i < count; i++) all.add(first << i);
        return all;
    }

    private static List<Integer> ints(Section s, String key, int count, List<Integer> standard) {
        return each(s, key, count, s.intsAt(key, first(standard, count)), standard);
    }

    private static <E extends Enum<E>> List<E> choices(
            Section s, String key, int count, Class<E> type, List<String> standard) {
        List<E> constants = new ArrayList<>();
        for (String word : each(s, key, count, s.stringsAt(key, first(standard, count)), standard)) {
            try {
                constants.add(Enum.valueOf(type, word.toUpperCase(Locale.ROOT)));
            } catch (IllegalArgumentException e) {
                String known = String.join(
                        ", ",
                        java.util.Arrays.stream(type.getEnumConstants())
                                .map(constant -> constant.name().toLowerCase(Locale.ROOT))
                                .toList());
                s.reject(key, "unknown value '" + word + "', expected " + known);
                constants.add(type.getEnumConstants()[0]);
            }
        }
        return constants;
    }

    /** Adapts the reference's defaults for four stages: cuts the list or repeats its last entry. */
    private static <T> List<T> first(List<T> standard, int count) {
        if (standard.size() == count) return standard;
        List<T> all = new ArrayList<>(standard.subList(0, Math.min(count, standard.size())));
        while (all.size() < count) all.add(standard.get(standard.size() - 1));
        return all;
    }

    /**
     * Expands a list to one entry per stage. Replaces a rejected list by {@code standIn}, so that reading can continue.
     */
    private static <T> List<T> each(Section s, String key, int count, List<T> values, List<T> standIn) {
        if (values.size() == 1) return Collections.nCopies(count, values.get(0));
        if (values.size() == count) return values;
        s.reject(key, "expected one entry for each of " + count + " stages, got " + values.size());
        return first(standIn, count);
    }
}
