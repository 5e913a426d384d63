package org.vit4j.backend.onednn;

import java.util.List;
import org.vit4j.graph.HeadOp;
import org.vit4j.graph.Op;

/** The parts of attention, [B, H, T, d] and [B, H, T, S]. */
final class AttentionOps {
    private final Tape tape;
    private final MatmulOps maths;
    private final long batch;

    AttentionOps(Tape tape, MatmulOps maths, long batch) {
        this.tape = tape;
        this.maths = maths;
        this.batch = batch;
    }

    /** [B, T, parts * H * d] -> [B, H, T, d], a view. */
    TapeValue splitHeads(TapeValue x, Op.SplitHeads split, long tokens, long width) {
        TapeValue cut = tape.reshape(x, batch, tokens, split.parts(), (long) split.heads() * width);
        TapeValue part = split.parts() == 1 ? cut : tape.slice(cut, 2, split.part(), split.part() + 1L);
        return tape.permute(tape.reshape(part, batch, tokens, split.heads(), width), 0, 2, 1, 3);
    }

    TapeValue scores(TapeValue q, TapeValue k, double scale) {
        StridedArray to = StridedArray.fresh(
                batch, q.array().dim(1), q.array().dim(2), k.array().dim(2));
        return maths.matmul(q, tape.permute(k, 0, 1, 3, 2), null, scale, to);
    }

    /** The result lies in memory as [B, T, H, d], so that the heads are merged without a copy. */
    TapeValue weightedSum(TapeValue weights, TapeValue v) {
        StridedArray to = StridedArray.fresh(
                batch, weights.array().dim(2), v.array().dim(1), v.array().dim(3));
        return maths.matmul(weights, v, null, 1, to.permute(0, 2, 1, 3));
    }

    /**
     * softmax(scale * q k') v without all of the maps at once: a block of rows is made, used, and written over by the next,
     * so it stays in the cache (the idea of Rabe and Staats 2021, arXiv:2112.05682, with whole rows). Forward only.
     */
    TapeValue attention(TapeValue q, TapeValue k, TapeValue v, double scale) {
        return attention(q, k, v, scale, AttentionBlock.SIZE);
    }

    /** @param size of a block, in floats; at least one row */
    TapeValue attention(TapeValue q, TapeValue k, TapeValue v, double scale, long size) {
        AttentionBlock block = AttentionBlock.of(q.array(), k.array().dim(2), size);
        StridedArray qs = operand(q);
        StridedArray ks = operand(tape.permute(k, 0, 1, 3, 2));
        StridedArray vs = operand(v);
        StridedArray to = StridedArray.fresh(
                batch, q.array().dim(2), v.array().dim(1), v.array().dim(3));
        StridedArray context = to.permute(0, 2, 1, 3);
        StridedArray room = StridedArray.fresh(
                block.images, block.heads, block.rows, k.array().dim(2));
        for (long b = 0; b < batch; b += block.images) {
            for (long h = 0; h < context.dim(1); h += block.heads) {
                StridedArray keys = block.part(ks, b, h);
                StridedArray values = block.part(vs, b, h);
                for (long t = 0; t < context.dim(2); t += block.rows) {
                    StridedArray rows = block.part(qs, b, h).slice(2, t, Math.min(t + block.rows, context.dim(2)));
                    StridedArray maps =
                            StridedArray.of(room.buffer(), 0, rows.dim(0), rows.dim(1), rows.dim(2), keys.last());
                    tape.emit(Kernels.matmul(rows, keys, null, maps, scale));
                    tape.emit(Kernels.softmax(maps.flat(), maps.flat()));
                    StridedArray part = block.part(context, b, h).slice(2, t, t + rows.dim(2));
                    tape.emit(Kernels.matmul(maps, values, null, part, 1));
                }
            }
        }
        return tape.value(context, false);
    }

    private StridedArray operand(TapeValue x) {
        return x.array().hasRows() ? x.array() : tape.dense(x).array();
    }

    /** How much of the maps [B, H, T, S] is made at once: some images, or some heads of one, or some rows of one head. */
    private record AttentionBlock(long images, long heads, long rows) {
        /** Floats: 4 MB, well within a third-level cache. Smaller ones were slower: a call costs more than it saves. */
        private static final long SIZE = 1 << 20;

        static AttentionBlock of(StridedArray q, long keys, long size) {
            long head = q.dim(2) * keys;
            if (head > size) return new AttentionBlock(1, 1, Math.max(1, size / keys));
            long heads = q.dim(1);
            if (head * heads > size) return new AttentionBlock(1, size / head, q.dim(2));
            return new AttentionBlock(Math.min(q.dim(0), size / (head * heads)), heads, q.dim(2));
        }

        StridedArray part(StridedArray whole, long image, long head) {
            return whole.slice(0, image, Math.min(image + images, whole.dim(0)))
                    .slice(1, head, Math.min(head + heads, whole.dim(1)));
        }
    }

    /** [B, H, T, S] -> [B, G, T, S] by kernel [H, G]. */
    TapeValue mixHeads(TapeValue x, TapeValue kernel, TapeValue bias) {
        long tokens = x.array().dim(2);
        long keys = x.array().last();
        long from = kernel.array().dim(0);
        long to = kernel.array().dim(1);
        TapeValue turned = tape.permute(tape.reshape(kernel, 1, from, to), 0, 2, 1);
        TapeValue y = maths.matmul(turned, tape.reshape(x, batch, from, tokens * keys));
        if (bias != null) {
            TapeValue one = new TapeValue(tape.ones(batch).swap(0, 1), false, -1);
            TapeValue each = tape.reshape(maths.matmul(one, bias).usedOnce(true), batch * to, 1);
            TapeValue rows = tape.reshape(y.usedOnce(true), batch * to, tokens * keys);
            y = maths.add(rows, each);
        }
        return tape.reshape(y.usedOnce(true), batch, to, tokens, keys);
    }

    /** Adds factor * table[h, index[t, s]], which is looked up in Java: a table is small, and the same for all examples. */
    TapeValue relativeBias(TapeValue x, TapeValue table, HeadOp.RelativeBias bias) {
        int[] index = bias.index();
        long heads = x.array().dim(1);
        int offsets = bias.offsets();
        float factor = (float) bias.factor();
        StridedArray to = StridedArray.fresh(1, heads * index.length);
        tape.emitEarly(new JavaStep(
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
                                        float more = factor * at[0].get((long) h * index.length + i);
                                        at[1].put(slot, at[1].get(slot) + more);
                                    }
                                }
                            },
                            dy,
                            dTable)));
        });
        long[] dims = x.array().dims();
        TapeValue rows = tape.reshape(x, batch, heads * index.length);
        return tape.reshape(maths.add(rows, wide).usedOnce(true), dims);
    }

    /** exp(x w' - |x|^2 / 2) / sqrt(m): [N, D] -> [N, m] by w [m, D]. */
    TapeValue performerFeatures(TapeValue x, TapeValue w) {
        long width = x.array().last();
        float[] halves = new float[(int) width];
        java.util.Arrays.fill(halves, 0.5f);
        TapeValue half = maths.matmul(maths.mul(x, x), new TapeValue(tape.constant(halves, width, 1), false, -1));
        TapeValue products = maths.matmul(x, tape.permute(w, 1, 0));
        TapeValue exponent = maths.sub(products.usedOnce(true), half).usedOnce(true);
        double factor = 1 / Math.sqrt((double) w.array().dim(0));
        return maths.eltwise(EltwiseFunction.linear(factor, 0), maths.eltwise(EltwiseFunction.EXP, exponent));
    }

    /** q (k' v) / (q sum(k) + epsilon): q [B, T, m], k [B, S, m], v [B, S, n] -> [B, T, n]. */
    TapeValue linearAttention(TapeValue q, TapeValue k, TapeValue v, double epsilon) {
        long tokens = q.array().dim(1);
        long width = v.array().last();
        long keys = k.array().dim(1);
        TapeValue one = new TapeValue(tape.ones(keys).reshape(1, 1, keys).orElseThrow(), false, -1);
        TapeValue sums = tape.permute(maths.matmul(one, k), 0, 2, 1); // [B, m, 1]
        TapeValue norm = tape.reshape(maths.matmul(q, sums), batch * tokens, 1);
        TapeValue context = maths.matmul(q, maths.matmul(tape.permute(k, 0, 2, 1), v)); // [B, T, n]
        TapeValue rows = tape.reshape(context, batch * tokens, width);
        TapeValue safe = maths.eltwise(EltwiseFunction.linear(1, epsilon), norm);
        return tape.reshape(maths.div(rows, safe).usedOnce(true), batch, tokens, width);
    }

    /** [B, T, D] -> [B, 1 + 2 T, width] by kernel [D, 3 * width]: the last token's query, all keys, all values. */
    TapeValue lastTokenQkv(TapeValue x, TapeValue kernel, TapeValue bias, long width) {
        long tokens = x.array().dim(1);
        long depth = x.array().last();
        TapeValue last = tape.reshape(tape.slice(x, 1, tokens - 1, tokens), batch, depth);
        TapeValue rows = tape.reshape(x, batch * tokens, depth);
        TapeValue q = part(last, kernel, bias, 0, width);
        TapeValue k = part(rows, kernel, bias, width, width);
        TapeValue v = part(rows, kernel, bias, 2 * width, width);
        return tape.concat(
                1,
                List.of(
                        tape.reshape(q, batch, 1, width),
                        tape.reshape(k, batch, tokens, width),
                        tape.reshape(v, batch, tokens, width)));
    }

    private TapeValue part(TapeValue x, TapeValue kernel, TapeValue bias, long from, long width) {
        TapeValue columns = tape.slice(kernel, 1, from, from + width);
        return maths.dense(x, columns, bias == null ? null : tape.slice(bias, 1, from, from + width));
    }
}
