package org.vit4j.accelerated;

import java.util.List;
import org.vit4j.graph.HeadOp;
import org.vit4j.graph.Op;

/** The parts of attention, [B, H, T, d] and [B, H, T, S]. */
final class Attentions {
    private final Tape tape;
    private final Maths maths;
    private final long batch;

    Attentions(Tape tape, Maths maths, long batch) {
        this.tape = tape;
        this.maths = maths;
        this.batch = batch;
    }

    /** [B, T, parts * H * d] -> [B, H, T, d], a view. */
    Node splitHeads(Node x, Op.SplitHeads split, long tokens, long width) {
        Node cut = tape.reshape(x, batch, tokens, split.parts(), (long) split.heads() * width);
        Node part = split.parts() == 1 ? cut : tape.slice(cut, 2, split.part(), split.part() + 1L);
        return tape.permute(tape.reshape(part, batch, tokens, split.heads(), width), 0, 2, 1, 3);
    }

    Node scores(Node q, Node k, double scale) {
        Array to =
                Array.fresh(batch, q.array().dim(1), q.array().dim(2), k.array().dim(2));
        return maths.matmul(q, tape.permute(k, 0, 1, 3, 2), null, scale, to);
    }

    /** The result lies in memory as [B, T, H, d], so that the heads are merged without a copy. */
    Node mix(Node weights, Node v) {
        Array to = Array.fresh(
                batch, weights.array().dim(2), v.array().dim(1), v.array().dim(3));
        return maths.matmul(weights, v, null, 1, to.permute(0, 2, 1, 3));
    }

    /**
     * softmax(scale * q k') v without all of the maps at once: a block of rows is made, used, and written over by the next,
     * so it stays in the cache (the idea of Rabe and Staats 2021, arXiv:2112.05682, with whole rows). Forward only.
     */
    Node attention(Node q, Node k, Node v, double scale) {
        return attention(q, k, v, scale, Block.SIZE);
    }

    /** @param size of a block, in floats; at least one row */
    Node attention(Node q, Node k, Node v, double scale, long size) {
        Block block = Block.of(q.array(), k.array().dim(2), size);
        Array qs = operand(q);
        Array ks = operand(tape.permute(k, 0, 1, 3, 2));
        Array vs = operand(v);
        Array to =
                Array.fresh(batch, q.array().dim(2), v.array().dim(1), v.array().dim(3));
        Array heard = to.permute(0, 2, 1, 3);
        Array room =
                Array.fresh(block.images, block.heads, block.rows, k.array().dim(2));
        for (long b = 0; b < batch; b += block.images) {
            for (long h = 0; h < heard.dim(1); h += block.heads) {
                Array keys = block.part(ks, b, h);
                Array values = block.part(vs, b, h);
                for (long t = 0; t < heard.dim(2); t += block.rows) {
                    Array rows = block.part(qs, b, h).slice(2, t, Math.min(t + block.rows, heard.dim(2)));
                    Array maps = Array.of(room.buffer(), 0, rows.dim(0), rows.dim(1), rows.dim(2), keys.last());
                    tape.emit(Kernels.matmul(rows, keys, null, maps, scale));
                    tape.emit(Kernels.softmax(maps.flat(), maps.flat()));
                    Array part = block.part(heard, b, h).slice(2, t, t + rows.dim(2));
                    tape.emit(Kernels.matmul(maps, values, null, part, 1));
                }
            }
        }
        return tape.made(heard, false);
    }

    private Array operand(Node x) {
        return x.array().hasRows() ? x.array() : tape.dense(x).array();
    }

    /** How much of the maps [B, H, T, S] is made at once: some images, or some heads of one, or some rows of one head. */
    private record Block(long images, long heads, long rows) {
        /** Floats: 4 MB, well within a third-level cache. Smaller ones were slower: a call costs more than it saves. */
        private static final long SIZE = 1 << 20;

        static Block of(Array q, long keys, long size) {
            long head = q.dim(2) * keys;
            if (head > size) return new Block(1, 1, Math.max(1, size / keys));
            long heads = q.dim(1);
            if (head * heads > size) return new Block(1, size / head, q.dim(2));
            return new Block(Math.min(q.dim(0), size / (head * heads)), heads, q.dim(2));
        }

        Array part(Array whole, long image, long head) {
            return whole.slice(0, image, Math.min(image + images, whole.dim(0)))
                    .slice(1, head, Math.min(head + heads, whole.dim(1)));
        }
    }

    /** [B, H, T, S] -> [B, G, T, S] by kernel [H, G]. */
    Node mixHeads(Node x, Node kernel, Node bias) {
        long tokens = x.array().dim(2);
        long keys = x.array().last();
        long from = kernel.array().dim(0);
        long to = kernel.array().dim(1);
        Node turned = tape.permute(tape.reshape(kernel, 1, from, to), 0, 2, 1);
        Node y = maths.matmul(turned, tape.reshape(x, batch, from, tokens * keys));
        if (bias != null) {
            Node one = new Node(tape.ones(batch).swap(0, 1), false, -1);
            Node each = tape.reshape(maths.matmul(one, bias).usedOnce(true), batch * to, 1);
            Node rows = tape.reshape(y.usedOnce(true), batch * to, tokens * keys);
            y = maths.add(rows, each);
        }
        return tape.reshape(y.usedOnce(true), batch, to, tokens, keys);
    }

    /** Adds factor * table[h, index[t, s]], which is looked up in Java: a table is small, and the same for all examples. */
    Node relativeBias(Node x, Node table, HeadOp.RelativeBias bias) {
        int[] index = bias.index();
        long heads = x.array().dim(1);
        int offsets = bias.offsets();
        float factor = (float) bias.factor();
        Array to = Array.fresh(1, heads * index.length);
        tape.emitEarly(new HostStep(
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
        Node wide = new Node(to, table.needsGradient(), -1);
        tape.remember(() -> {
            Array dy = tape.gradient(wide);
            if (dy == null) return;
            tape.giveNew(
                    table,
                    dTable -> tape.emit(new HostStep(
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
        Node rows = tape.reshape(x, batch, heads * index.length);
        return tape.reshape(maths.add(rows, wide).usedOnce(true), dims);
    }

    /** exp(x w' - |x|^2 / 2) / sqrt(m): [N, D] -> [N, m] by w [m, D]. */
    Node performerFeatures(Node x, Node w) {
        long width = x.array().last();
        float[] halves = new float[(int) width];
        java.util.Arrays.fill(halves, 0.5f);
        Node half = maths.matmul(maths.mul(x, x), new Node(tape.constant(halves, width, 1), false, -1));
        Node products = maths.matmul(x, tape.permute(w, 1, 0));
        Node exponent = maths.sub(products.usedOnce(true), half).usedOnce(true);
        double factor = 1 / Math.sqrt((double) w.array().dim(0));
        return maths.eltwise(Eltwise.linear(factor, 0), maths.eltwise(Eltwise.EXP, exponent));
    }

    /** q (k' v) / (q sum(k) + epsilon): q [B, T, m], k [B, S, m], v [B, S, n] -> [B, T, n]. */
    Node linearAttention(Node q, Node k, Node v, double epsilon) {
        long tokens = q.array().dim(1);
        long width = v.array().last();
        long keys = k.array().dim(1);
        Node one = new Node(tape.ones(keys).reshape(1, 1, keys).orElseThrow(), false, -1);
        Node sums = tape.permute(maths.matmul(one, k), 0, 2, 1); // [B, m, 1]
        Node norm = tape.reshape(maths.matmul(q, sums), batch * tokens, 1);
        Node heard = maths.matmul(q, maths.matmul(tape.permute(k, 0, 2, 1), v)); // [B, T, n]
        Node rows = tape.reshape(heard, batch * tokens, width);
        Node safe = maths.eltwise(Eltwise.linear(1, epsilon), norm);
        return tape.reshape(maths.div(rows, safe).usedOnce(true), batch, tokens, width);
    }

    /** [B, T, D] -> [B, 1 + 2 T, width] by kernel [D, 3 * width]: the last token's query, all keys, all values. */
    Node lastQuery(Node x, Node kernel, Node bias, long width) {
        long tokens = x.array().dim(1);
        long depth = x.array().last();
        Node last = tape.reshape(tape.slice(x, 1, tokens - 1, tokens), batch, depth);
        Node rows = tape.reshape(x, batch * tokens, depth);
        Node q = part(last, kernel, bias, 0, width);
        Node k = part(rows, kernel, bias, width, width);
        Node v = part(rows, kernel, bias, 2 * width, width);
        return tape.concat(
                1,
                List.of(
                        tape.reshape(q, batch, 1, width),
                        tape.reshape(k, batch, tokens, width),
                        tape.reshape(v, batch, tokens, width)));
    }

    private Node part(Node x, Node kernel, Node bias, long from, long width) {
        Node columns = tape.slice(kernel, 1, from, from + width);
        return maths.dense(x, columns, bias == null ? null : tape.slice(bias, 1, from, from + width));
    }
}
