package org.vit4j.backend.onednn;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.DropOp;
import org.vit4j.graph.LayoutOp;
import org.vit4j.graph.LinearOp;
import org.vit4j.graph.Tensor;

/**
 * Attention of few queries, such as a class token, whose keys and values are not computed. The kernel of the keys is applied to
 * the queries, and that of the values to weighted sums of the tokens: q (x w)' = (q w') x' and p (x w) = (p x) w, as "weight
 * absorption" in DeepSeek-V2 (arXiv:2405.04434, section 2.1.2).
 *
 * @param scores of queries [H, T, d] and keys [H, S, d], which softmax alone reads
 * @param queries rows of a projection by the dense layer of the keys; empty if the queries are computed in another way
 * @param omitted tensors that are not computed: from the dense layers to the probabilities
 */
record AbsorbedAttention(
        Tensor scores, Optional<ProjectedRows> queries, Projection keys, Projection values, Set<Tensor> omitted) {
    /** Ratio of multiplications from which it is faster: products of all tokens are larger and more efficient. */
    private static final int MIN_ADVANTAGE = 4;

    /** Heads [H, S, d] that are a part of the columns of a dense layer over tokens. */
    record Projection(Tensor heads, int part, int parts) {
        static Optional<Projection> of(Tensor heads) {
            return heads.op() instanceof LayoutOp.SplitHeads split
                            && heads.input().op() instanceof LinearOp.Dense
                            && heads.input().shape().rank() == 2
                    ? Optional.of(new Projection(heads, split.part(), split.parts()))
                    : Optional.empty();
        }

        Tensor dense() {
            return heads.input();
        }

        /** The tokens, [S, D]. */
        Tensor tokens() {
            return dense().input();
        }

        /** Number of columns, H * d. */
        long width() {
            return dense().shape().last() / parts;
        }

        /** First column of the dense layer. */
        long from() {
            return part * width();
        }

        private long macs() {
            return tokens().shape().size() * width();
        }

        /** Multiplications of the kernel and some queries, and of the result and the tokens. */
        private long absorbedMacs(Tensor scores) {
            return tokens().shape().last()
                    * (scores.shape().dim(1) * width() + scores.shape().size());
        }
    }

    /** Some rows of all heads of a projection, [H, T, d]. */
    record ProjectedRows(Projection projection, long from, long to) {
        static Optional<ProjectedRows> of(Tensor rows) {
            return rows.op() instanceof LayoutOp.Slice slice && slice.axis() == 1
                    ? Projection.of(rows.input()).map(all -> new ProjectedRows(all, slice.from(), slice.to()))
                    : Optional.empty();
        }
    }

    /**
     * The attention that a weighted sum ends, if it is plain, is faster without keys and values, and nothing else reads them.
     *
     * @param consumers tensors computed from a tensor
     * @param requested tensors that callers read
     * @param training whether dropout is applied
     */
    static Optional<AbsorbedAttention> of(
            Tensor sum, Map<Tensor, List<Tensor>> consumers, Set<Tensor> requested, boolean training) {
        if (!(sum.op() instanceof AttentionOp.WeightedSum)) return Optional.empty();
        Set<Tensor> omitted = new LinkedHashSet<>();
        Tensor probs = sum.input();
        for (; !training && probs.op() instanceof DropOp.Dropout; probs = probs.input()) omitted.add(probs);
        if (!(probs.op() instanceof AttentionOp.Softmax)) return Optional.empty();
        Tensor scores = probs.input();
        if (!(scores.op() instanceof AttentionOp.AttentionScores)) return Optional.empty();
        Projection keys = Projection.of(scores.inputs().get(1)).orElse(null);
        Projection values = Projection.of(sum.inputs().get(1)).orElse(null);
        if (keys == null || values == null) return Optional.empty();
        Optional<ProjectedRows> queries = ProjectedRows.of(scores.input())
                .filter(rows -> rows.projection().dense() == keys.dense());
        omitted.addAll(List.of(probs, scores, keys.heads(), keys.dense(), values.heads(), values.dense()));
        queries.ifPresent(
                rows -> omitted.addAll(List.of(scores.input(), rows.projection().heads())));
        boolean unread = omitted.stream()
                .allMatch(t -> !requested.contains(t)
                        && consumers.get(t).stream().allMatch(reader -> reader == sum || omitted.contains(reader)));
        long absorbed = keys.absorbedMacs(scores) + values.absorbedMacs(scores);
        boolean faster = absorbed * MIN_ADVANTAGE <= keys.macs() + values.macs();
        return unread && faster
                ? Optional.of(new AbsorbedAttention(scores, queries, keys, values, omitted))
                : Optional.empty();
    }
}
