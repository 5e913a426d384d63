package org.vit4j.backend.onednn;

import java.util.function.Function;
import org.vit4j.backend.onednn.AbsorbedAttention.ProjectedRows;
import org.vit4j.backend.onednn.AbsorbedAttention.Projection;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.Tensor;

/** Operations of attention of few queries without keys and values; see {@link AbsorbedAttention}. */
final class AbsorbedAttentionOps {
    private final Tape tape;
    private final MatmulOps math;
    private final AttentionOps attention;
    private final ParameterArrays parameters;

    AbsorbedAttentionOps(Tape tape, MatmulOps math, AttentionOps attention, ParameterArrays parameters) {
        this.tape = tape;
        this.math = math;
        this.attention = attention;
        this.parameters = parameters;
    }

    /**
     * Weighted sums of values, [B, H, T, d], from tokens [B, S, D].
     *
     * @param lowered values of tensors
     * @param type of the result
     */
    TapeValue lower(AbsorbedAttention absorbed, Function<Tensor, TapeValue> lowered, ElementType type) {
        AttentionOp.AttentionScores op =
                (AttentionOp.AttentionScores) absorbed.scores().op();
        long heads = absorbed.scores().shape().dim(0);
        // More than one product reads the tokens.
        TapeValue keyTokens = lowered.apply(absorbed.keys().tokens()).setUsedOnce(false);
        TapeValue valueTokens = lowered.apply(absorbed.values().tokens()).setUsedOnce(false);
        TapeValue queries = absorbed.queries()
                .map(rows -> queries(keyTokens, rows, heads))
                .orElseGet(() -> lowered.apply(absorbed.scores().input()));
        TapeValue scores = scores(queries, kernel(absorbed.keys(), heads), keyTokens, op.scale());
        TapeValue probs = attention.softmax(scores.setUsedOnce(true), math.operands());
        // A bias of the keys adds the same to all scores of a query, so that softmax does not depend on it. A part of a
        // parameter without use has its gradient filled with zeros.
        bias(absorbed.keys());
        return weightedSum(probs.setUsedOnce(true), valueTokens, absorbed.values(), heads, type);
    }

    /** Columns of a kernel that are a projection, by head, [H, D, d]. */
    private TapeValue kernel(Projection projection, long heads) {
        TapeValue all = parameters.of(projection.dense(), 0);
        TapeValue columns = tape.slice(all, 1, projection.from(), projection.from() + projection.width());
        long depth = all.array().dim(0);
        return tape.permute(tape.reshape(columns, depth, heads, projection.width() / heads), 1, 0, 2);
    }

    /** The bias of a projection, [1, W]; null if it has none. */
    private TapeValue bias(Projection projection) {
        TapeValue all = parameters.row(projection.dense(), 1);
        if (all == null) return null;
        // Reshaped to the strides of one row: oneDNN adds others with a reference kernel.
        return tape.reshape(
                tape.slice(all, 1, projection.from(), projection.from() + projection.width()), 1, projection.width());
    }

    /** Queries of some tokens, [B, H, T, d]. */
    private TapeValue queries(TapeValue tokens, ProjectedRows rows, long heads) {
        long batch = tokens.array().dim(0);
        long count = rows.to() - rows.from();
        long width = rows.projection().width();
        Tensor dense = rows.projection().dense();
        TapeValue some = tape.slice(tokens, 1, rows.from(), rows.to());
        TapeValue q = attention.project(
                tape.reshape(some, batch * count, tokens.array().last()),
                parameters.of(dense, 0),
                parameters.row(dense, 1),
                rows.projection().from(),
                width,
                math.operands());
        return tape.permute(tape.reshape(q, batch, count, heads, width / heads), 0, 2, 1, 3);
    }

    /** Scores scale * q w' x', [B, H, T, d], [H, D, d], [B, S, D] -> [B, T * H, S]. */
    private TapeValue scores(TapeValue q, TapeValue kernel, TapeValue tokens, double scale) {
        long batch = q.array().dim(0);
        long heads = q.array().dim(1);
        long queries = q.array().dim(2);
        long width = tokens.array().last();
        TapeValue byHead = tape.reshape(
                tape.permute(q, 1, 0, 2, 3), heads, batch * queries, q.array().last());
        TapeValue absorbed = math.product(
                byHead,
                tape.permute(kernel, 0, 2, 1),
                scale,
                byHead(math.operands(), batch * queries, heads, width)); // [H, B * T, D]
        TapeValue rows = tape.reshape(tape.permute(absorbed, 1, 0, 2), batch, queries * heads, width);
        StridedArray to =
                StridedArray.temporary(batch, queries * heads, tokens.array().dim(1));
        return math.product(rows, tape.permute(tokens, 0, 2, 1), 1, to);
    }

    /** Sums p x w + bias, [B, T * H, S], [B, S, D] -> [B, H, T, d], stored as [B, T, H, d]. Probabilities add up to 1. */
    private TapeValue weightedSum(TapeValue probs, TapeValue tokens, Projection values, long heads, ElementType type) {
        long batch = probs.array().dim(0);
        long rows = batch * probs.array().dim(1) / heads;
        long depth = tokens.array().last();
        long width = values.width();
        StridedArray means =
                StridedArray.temporary(math.operands(), batch, probs.array().dim(1), depth);
        TapeValue byHead =
                tape.permute(tape.reshape(math.product(probs, tokens, 1, means), rows, heads, depth), 1, 0, 2);
        TapeValue bias = bias(values);
        StridedArray to = byHead(bias == null ? type : ElementType.F32, rows, heads, width / heads);
        TapeValue context = math.product(byHead, kernel(values, heads), 1, to); // [H, B * T, d]
        TapeValue sum = tape.reshape(tape.permute(context, 1, 0, 2), rows, width);
        if (bias != null)
            sum = tape.as(type, math.add(sum.setUsedOnce(true), bias).setUsedOnce(true));
        return tape.permute(tape.reshape(sum, batch, rows / batch, heads, width / heads), 0, 2, 1, 3);
    }

    /** A new array [H, N, C], stored as [N, H, C]. */
    private static StridedArray byHead(ElementType type, long rows, long heads, long columns) {
        return StridedArray.temporary(type, rows, heads, columns).permute(1, 0, 2);
    }
}
