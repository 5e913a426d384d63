package org.vit4j.backend.onednn;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.LayoutOp;

/** Operations of attention on heads [B, H, T, d] and attention scores [B, H, T, S]. */
final class AttentionOps {
    /** Minimum keys for which rows of maps are aligned: gaps between shorter rows would take much memory. */
    private static final long MIN_ALIGNED_KEYS = 32;

    private final Tape tape;
    private final MatmulOps math;
    private final EltwiseOps eltwise;

    AttentionOps(Tape tape, MatmulOps math) {
        this.tape = tape;
        this.math = math;
        this.eltwise = new EltwiseOps(tape);
    }

    /** Splits heads, [B, T, parts * H * d] -> [B, H, T, d]: a view. */
    TapeValue splitHeads(TapeValue x, LayoutOp.SplitHeads split, long tokens, long width) {
        long batch = x.array().dim(0);
        TapeValue parts = tape.reshape(x, batch, tokens, split.parts(), (long) split.heads() * width);
        TapeValue part = split.parts() == 1 ? parts : tape.slice(parts, 2, split.part(), split.part() + 1L);
        return tape.permute(tape.reshape(part, batch, tokens, split.heads(), width), 0, 2, 1, 3);
    }

    /**
     * scale * q k', [B, H, T, d] x [B, H, S, d] -> [B, H, T, S].
     *
     * @param softmaxOnly whether softmax is the only reader, and only weighted sums read its result: then rows are aligned where
     *     kernels allow it. Otherwise oneDNN's threads write to the same cache line in each row of a softmax to bfloat16.
     */
    TapeValue scores(TapeValue q, TapeValue k, double scale, boolean softmaxOnly) {
        long[] dims = {
            q.array().dim(0), q.array().dim(1), q.array().dim(2), k.array().dim(2)
        };
        StridedArray to = softmaxOnly && Dnnl.hasAvx512() && k.array().dim(2) >= MIN_ALIGNED_KEYS
                ? StridedArray.alignedRows(ElementType.F32, dims)
                : StridedArray.temporary(dims);
        TapeValue y = math.product(q, tape.permute(k, 0, 1, 3, 2), scale, to);
        return y.setGradientType(math.operands()); // products read it, and softmax can write any type
    }

    /** Softmax of scores over the last axis, in a type. */
    TapeValue softmax(TapeValue input, ElementType type) {
        TapeValue x = input.array().hasAlignedRows() ? input : tape.dense(input);
        StridedArray to = x.isDisposable() && type == x.array().type()
                ? x.array()
                : x.array().like(type);
        StridedArray probs = rows(to);
        tape.emit(Kernels.softmax(rows(x.array()), probs));
        TapeValue y = tape.value(to, x.needsGradient()).setReadByGradient();
        tape.onBackward(() -> {
            StridedArray dy = tape.gradient(y);
            if (dy == null) return;
            StridedArray own = dy.hasLayoutOf(to) ? dy : math.copy(dy, to);
            boolean inPlace = x.gradientType() == own.type() && (own != dy || y.ownsGradient());
            if (inPlace) {
                tape.emit(Kernels.softmaxBackward(probs, rows(own), rows(own)));
                tape.accumulate(x, own, true);
            } else {
                tape.accumulateInto(
                        x, x.gradientType(), dx -> tape.emit(Kernels.softmaxBackward(probs, rows(own), rows(dx))));
            }
        });
        return y;
    }

    private static StridedArray rows(StridedArray maps) {
        return maps.rows().orElseThrow();
    }

    /**
     * probs v, [B, H, T, S] x [B, H, S, d] -> [B, H, T, d], stored as [B, T, H, d] so that merging heads needs no copy.
     */
    TapeValue weightedSum(TapeValue probs, TapeValue v, ElementType type) {
        return math.product(probs, v, 1, context(probs, v, type));
    }

    /** A new array for a weighted sum of the values v for each row of x, [B, H, T, d]. */
    private static StridedArray context(TapeValue x, TapeValue v, ElementType type) {
        StridedArray rows = x.array();
        StridedArray values = v.array();
        return StridedArray.temporary(type, rows.dim(0), rows.dim(2), values.dim(1), values.dim(3))
                .permute(0, 2, 1, 3);
    }

    /** Computes the attention probabilities of a block from its queries [n, H, T, d] and keys [n, H, S, d]. */
    interface BlockProbabilities {
        TapeValue of(TapeValue queries, TapeValue keys);
    }

    /**
     * Weighted sum of values by probabilities, [B, H, T, d], in blocks that reuse the same memory, so that the attention
     * maps stay in the cache (Rabe and Staats 2021, arXiv:2112.05682, here with complete rows instead of an online
     * softmax). In training, blocks must be of images, and each operand have no other reader.
     *
     * @param recomputed whether the backward pass computes the maps and the weighted sum again, so that they are not kept
     */
    TapeValue attention(
            TapeValue q,
            TapeValue k,
            TapeValue v,
            ElementType type,
            AttentionBlock block,
            boolean recomputed,
            BlockProbabilities maps) {
        if (tape.isTraining()
                && (block.heads() < q.array().dim(1) || block.rows() < q.array().dim(2)))
            throw new IllegalArgumentException("blocks of images are needed for training, got " + block);
        TapeValue queries = operand(q);
        TapeValue keys = operand(k);
        TapeValue values = operand(v);
        StridedArray context = context(q, v, type);
        boolean needsGradient = Stream.of(q, k, v).anyMatch(TapeValue::needsGradient);
        if (recomputed && needsGradient) {
            sums(queries.detached(), keys.detached(), values.detached(), context, block, maps);
            return recomputed(context, to -> sums(queries, keys, values, to, block, maps));
        }
        List<TapeValue> sums = sums(queries, keys, values, context, block, maps);
        TapeValue y = tape.value(context, needsGradient);
        tape.onBackward(() -> accumulate(sums, tape.gradient(y)));
        return y;
    }

    /** A weighted sum that the backward pass computes again in blocks. */
    private TapeValue recomputed(StridedArray context, Function<StridedArray, List<TapeValue>> blocks) {
        List<TapeValue> sums = new ArrayList<>();
        List<Runnable> gradients = new ArrayList<>();
        TapeValue y = tape.value(context, true);
        y.setRecomputation(new Recomputation(
                context,
                again -> gradients.addAll(tape.backwardPass().recompute(() -> sums.addAll(blocks.apply(again))))));
        tape.onBackward(() -> {
            StridedArray dy = tape.gradient(y);
            if (dy == null) return;
            y.saved();
            accumulate(sums, dy);
            tape.backwardPass().resume(gradients);
        });
        return y;
    }

    /** Computes the weighted sum in blocks; returns its parts. */
    private List<TapeValue> sums(
            TapeValue queries,
            TapeValue keys,
            TapeValue values,
            StridedArray context,
            AttentionBlock block,
            BlockProbabilities maps) {
        List<TapeValue> sums = new ArrayList<>();
        for (long b = 0; b < context.dim(0); b += block.images()) {
            long images = Math.min(b + block.images(), context.dim(0));
            for (long h = 0; h < context.dim(1); h += block.heads()) {
                long heads = Math.min(h + block.heads(), context.dim(1));
                TapeValue blockKeys = part(keys, b, images, h, heads);
                TapeValue blockValues = part(values, b, images, h, heads);
                TapeValue blockQueries = part(queries, b, images, h, heads);
                StridedArray blockContext = context.slice(0, b, images).slice(1, h, heads);
                for (long t = 0; t < context.dim(2); t += block.rows()) {
                    long rows = Math.min(t + block.rows(), context.dim(2));
                    TapeValue probs = maps.of(tape.slice(blockQueries, 2, t, rows), blockKeys);
                    sums.add(math.product(probs, blockValues, 1, blockContext.slice(2, t, rows)));
                }
            }
        }
        return sums;
    }

    /** Gives the sums of blocks of images their part of a gradient, which may be null. */
    private void accumulate(List<TapeValue> sums, StridedArray dy) {
        if (dy == null) return;
        long b = 0;
        for (TapeValue sum : sums) {
            long images = b + sum.array().dim(0);
            tape.accumulate(sum, dy.slice(0, b, images), false);
            b = images;
        }
    }

    private TapeValue operand(TapeValue x) {
        TapeValue y = tape.as(math.operands(), x);
        TapeValue operand = y.array().hasUnitStride() ? y : tape.dense(y);
        tape.splitGradient(operand.setUsedOnce(false));
        return operand;
    }

    /** Some images and heads of a value [B, H, ..]. */
    private TapeValue part(TapeValue x, long fromImage, long toImage, long fromHead, long toHead) {
        return tape.slice(tape.slice(x, 0, fromImage, toImage), 1, fromHead, toHead);
    }

    /** Mixes heads linearly, [B, H, T, S] -> [B, G, T, S] by kernel [H, G]. */
    TapeValue mixHeads(TapeValue x, TapeValue kernel, TapeValue bias) {
        long batch = x.array().dim(0);
        long tokens = x.array().dim(2);
        long keys = x.array().last();
        long from = kernel.array().dim(0);
        long to = kernel.array().dim(1);
        TapeValue transposed = tape.permute(tape.reshape(kernel, 1, from, to), 0, 2, 1);
        TapeValue y = math.matmul(transposed, tape.reshape(x, batch, from, tokens * keys));
        if (bias != null) {
            TapeValue one = new TapeValue(tape.ones(batch).swap(0, 1), false, -1);
            TapeValue each = tape.reshape(math.matmul(one, bias).setUsedOnce(true), batch * to, 1);
            TapeValue rows = tape.reshape(y.setUsedOnce(true), batch * to, tokens * keys);
            y = math.add(rows, each);
        }
        return tape.reshape(y.setUsedOnce(true), batch, to, tokens, keys);
    }

    /** Adds a bias [1, H * T * S] to maps [B, H, T, S]. */
    TapeValue addBias(TapeValue x, TapeValue bias) {
        TapeValue rows = tape.reshape(x, x.array().dim(0), bias.array().size());
        return tape.reshape(math.add(rows, bias).setUsedOnce(true), x.array().dims());
    }

    /**
     * factor * table[h, index[t, s]], [1, H * T * S]. The lookup is in Java: the table is small and shared by all examples.
     */
    TapeValue relativeBias(TapeValue table, AttentionOp.RelativeBias bias) {
        int[] index = bias.index();
        long heads = table.array().dim(0);
        int offsets = bias.offsets();
        float factor = (float) bias.factor();
        StridedArray to = StridedArray.temporary(1, heads * index.length);
        tape.emitSetup(new JavaStep(
                "lookup",
                at -> {
                    for (int h = 0; h < heads; h++) {
                        for (int i = 0; i < index.length; i++) {
                            at[1].put((long) h * index.length + i, factor * at[0].get((long) h * offsets + index[i]));
                        }
                    }
                },
                table.array(),
                to));
        TapeValue wide = new TapeValue(to, table.needsGradient(), -1);
        tape.onBackward(() -> {
            StridedArray dy = tape.gradient(wide);
            if (dy == null) return;
            tape.accumulateInto(
                    table,
                    dTable -> tape.emit(new JavaStep(
                            "lookup_bp",
                            at -> {
                                for (long i = 0; i < heads * offsets; i++) at[1].put(i, 0);
                                for (int h = 0; h < heads; h++) {
                                    for (int i = 0; i < index.length; i++) {
                                        long slot = (long) h * offsets + index[i];
                                        float increment = factor * at[0].get((long) h * index.length + i);
                                        at[1].put(slot, at[1].get(slot) + increment);
                                    }
                                }
                            },
                            dy,
                            dTable)));
        });
        return wide;
    }

    /** Performer features exp(x w' - |x|^2 / 2) / sqrt(m), [N, D] -> [N, m] by w [m, D]. */
    TapeValue performerFeatures(TapeValue x, TapeValue w) {
        x.setUsedOnce(false); // both products read it
        long width = x.array().last();
        float[] halves = new float[(int) width];
        Arrays.fill(halves, 0.5f);
        TapeValue half = math.matmul(math.mul(x, x), new TapeValue(tape.constant(halves, width, 1), false, -1));
        TapeValue products = math.matmul(x, tape.permute(w, 1, 0));
        TapeValue exponent = math.sub(products.setUsedOnce(true), half).setUsedOnce(true);
        double factor = 1 / Math.sqrt((double) w.array().dim(0));
        return eltwise.apply(EltwiseFunction.linear(factor, 0), eltwise.apply(EltwiseFunction.EXP, exponent));
    }

    /** Linear attention q (k' v) / (q sum(k) + epsilon): q [B, T, m], k [B, S, m], v [B, S, n] -> [B, T, n]. */
    TapeValue linearAttention(TapeValue q, TapeValue k, TapeValue v, double epsilon) {
        long batch = q.array().dim(0);
        long tokens = q.array().dim(1);
        long width = v.array().last();
        long keys = k.array().dim(1);
        TapeValue one = new TapeValue(tape.ones(keys).reshape(1, 1, keys).orElseThrow(), false, -1);
        TapeValue sums = tape.permute(math.matmul(one, k), 0, 2, 1); // [B, m, 1]
        TapeValue norm = tape.reshape(math.matmul(q, sums), batch * tokens, 1);
        TapeValue context = math.matmul(q, math.matmul(tape.permute(k, 0, 2, 1), v)); // [B, T, n]
        TapeValue rows = tape.reshape(context, batch * tokens, width);
        TapeValue safe = eltwise.apply(EltwiseFunction.linear(1, epsilon), norm);
        return tape.reshape(math.div(rows, safe).setUsedOnce(true), batch, tokens, width);
    }

    /** Query of the last token, keys and values of all: [B, T, D] -> [B, 1 + 2 T, width] by kernel [D, 3 * width]. */
    TapeValue lastTokenQkv(TapeValue x, TapeValue kernel, TapeValue bias, long width, ElementType type) {
        long batch = x.array().dim(0);
        long tokens = x.array().dim(1);
        long depth = x.array().last();
        TapeValue last = tape.reshape(tape.slice(x, 1, tokens - 1, tokens), batch, depth);
        TapeValue rows = tape.reshape(x, batch * tokens, depth);
        TapeValue q = project(last, kernel, bias, 0, width, type);
        TapeValue k = project(rows, kernel, bias, width, width, type);
        TapeValue v = project(rows, kernel, bias, 2 * width, width, type);
        return tape.concat(
                1,
                List.of(
                        tape.reshape(q, batch, 1, width),
                        tape.reshape(k, batch, tokens, width),
                        tape.reshape(v, batch, tokens, width)));
    }

    /** Linear projection by a range of columns of the kernel. */
    TapeValue project(TapeValue x, TapeValue kernel, TapeValue bias, long from, long width, ElementType type) {
        TapeValue columns = tape.slice(kernel, 1, from, from + width);
        return math.dense(
                x, columns, bias == null ? null : tape.slice(bias, 1, from, from + width), math.operands(), type);
    }
}
