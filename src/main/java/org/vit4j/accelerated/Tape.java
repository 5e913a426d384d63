package org.vit4j.accelerated;

import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_add;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.FloatPointer;

/**
 * Draws up a plan: every call writes down the steps of the forward pass, and remembers how to write down those of its
 * backward pass. {@link #backward} then plays the memories in reverse.
 *
 * <p>A gradient is gathered from the uses of a value in turn. A matrix product adds what was gathered before while it
 * writes; other steps make an array of their own, which is added.
 */
final class Tape {
    private final boolean training;
    private final Packed packed;
    private final List<Step> early = new ArrayList<>();
    private final List<Step> steps = new ArrayList<>();
    private final Deque<Runnable> adjoints = new ArrayDeque<>();
    private final Map<Long, Array> ones = new HashMap<>();
    private final List<FloatPointer> constants = new ArrayList<>();

    /**
     * @param training whether there will be a backward pass
     * @param packed kernels of weights that stay as they are from run to run; null when they may change
     */
    Tape(boolean training, Packed packed) {
        this.training = training;
        this.packed = packed;
    }

    boolean isTraining() {
        return training;
    }

    /** Where a kernel lies once and for all; null when it may change, or is worked out from others in each run. */
    Packed packed(Array kernel) {
        return kernel.buffer().isOutside() ? packed : null;
    }

    /** All steps in order. */
    List<Step> steps() {
        List<Step> all = new ArrayList<>(early);
        all.addAll(steps);
        return all;
    }

    /** Memory that lives as long as the plan. */
    List<FloatPointer> constants() {
        return constants;
    }

    int emit(Step step) {
        steps.add(step);
        return steps.size() - 1;
    }

    /** Done before everything else in a run, or in the first run alone: what depends on weights only. */
    void emitEarly(Step step) {
        early.add(packed == null ? step : new OnceStep(step));
    }

    void remember(Runnable adjoint) {
        adjoints.push(adjoint);
    }

    /** Writes down the backward pass, from the gradients that were given to the outputs. */
    void backward() {
        while (!adjoints.isEmpty()) adjoints.pop().run();
    }

    Node made(Array array, boolean needsGradient) {
        return new Node(array, training && needsGradient, steps.size() - 1, true);
    }

    Array constant(float[] values, long... dims) {
        FloatPointer memory = new FloatPointer(values);
        constants.add(memory);
        return Array.of(Buffer.outside(values.length, memory.address()), 0, dims);
    }

    /** [1, n] of ones. */
    Array ones(long n) {
        return ones.computeIfAbsent(n, any -> {
            float[] values = new float[Math.toIntExact(n)];
            Arrays.fill(values, 1);
            return constant(values, 1, n);
        });
    }

    // ---- gradients

    /** Writes a gradient, on top of {@code plus} unless that is null. */
    interface Writer {
        void write(Array destination, Array plus);
    }

    /** Writes a gradient over whatever was there. */
    interface PlainWriter {
        void write(Array destination);
    }

    /** For steps that can add. */
    void give(Node n, Writer writer) {
        if (!n.needsGradient()) return;
        if (n.place() != null) {
            boolean before = n.place().isWritten();
            fillMissing(n.place());
            writer.write(n.place().array, before ? n.place().array : null);
            n.place().write();
            return;
        }
        Array before = n.gradient();
        Array after = before != null && n.ownsGradient() ? before : n.array().like();
        if (before != null && !before.isLaidOutAs(after)) {
            Array tidy = after.like();
            emit(Kernels.copy(before, tidy, false));
            before = tidy;
        }
        writer.write(after, before);
        n.gradient(after, true);
    }

    /** For steps that cannot add. */
    void giveNew(Node n, PlainWriter writer) {
        if (!n.needsGradient()) return;
        boolean empty = n.place() == null
                ? n.gradient() == null
                : !n.place().isWritten()
                        && n.place().array.isLaidOutAs(n.array().like());
        if (empty) {
            give(n, (destination, plus) -> writer.write(destination));
            return;
        }
        Array made = n.array().like();
        writer.write(made);
        give(n, made, true);
    }

    /** An array that is there already; {@code own} when nobody else reads it later. */
    void give(Node n, Array gradient, boolean own) {
        if (!n.needsGradient()) return;
        if (n.place() != null) {
            boolean before = n.place().isWritten();
            fillMissing(n.place());
            emit(Kernels.copy(gradient, n.place().array, before));
            n.place().write();
        } else if (n.gradient() == null) {
            n.gradient(gradient, own);
        } else {
            Array sum = sum(n.gradient(), n.ownsGradient(), gradient, own);
            n.gradient(sum, true);
        }
    }

    private Array sum(Array a, boolean ownA, Array b, boolean ownB) {
        if (a.isLaidOutAs(b) && a.isCompact()) {
            Array to = ownA ? a : ownB ? b : a.like();
            emit(Kernels.binary(dnnl_binary_add, a.flat(), b.flat(), to.flat()));
            return to;
        }
        Array to = a;
        if (!ownA) {
            to = a.like();
            emit(Kernels.copy(a, to, false));
        }
        emit(Kernels.copy(b, to, true));
        return to;
    }

    private void fillMissing(Node.Place place) {
        for (Node.Place part : place.missing()) {
            Array zeros = part.array.like();
            emit(Kernels.zero(zeros));
            emit(Kernels.copy(zeros, part.array, false));
            part.write();
        }
    }

    /** Zeros where the backward pass has written nothing. */
    void complete(Node.Place place) {
        if (place.isWritten()) fillMissing(place);
        else emit(Kernels.zero(place.array));
    }

    /** The gradient of a value whose uses are all done, or null. */
    Array gradient(Node n) {
        if (n.place() != null) fillMissing(n.place());
        return n.gradient();
    }

    // ---- views

    /** The same elements in another shape: a view where strides allow, else a copy. */
    Node reshape(Node x, long... dims) {
        Array seen = x.array().reshape(dims).orElse(null);
        if (seen == null) return reshape(dense(x), dims);
        Node y = view(x, seen);
        if (x.place() != null) {
            x.place().array.reshape(dims).ifPresent(at -> y.place(x.place().seenAs(at)));
        }
        if (y.place() == null) {
            remember(() -> {
                Array dy = gradient(y);
                if (dy == null) return;
                long[] back = x.array().dims();
                Array dx =
                        dy.reshape(back).orElseGet(() -> dense(dy).reshape(back).orElseThrow());
                give(x, dx, y.ownsGradient());
            });
        }
        return y;
    }

    Node permute(Node x, int... axes) {
        Node y = view(x, x.array().permute(axes));
        if (x.place() != null) {
            y.place(x.place().seenAs(x.place().array.permute(axes)));
            return y;
        }
        int[] back = new int[axes.length];
        for (int i = 0; i < axes.length; i++) back[axes[i]] = i;
        remember(() -> {
            Array dy = gradient(y);
            if (dy != null) give(x, dy.permute(back), y.ownsGradient());
        });
        return y;
    }

    Node slice(Node x, int axis, long from, long to) {
        Node y = view(x, x.array().slice(axis, from, to));
        if (x.place() != null) {
            y.place(x.place().part(x.place().array.slice(axis, from, to)));
            return y;
        }
        remember(() -> {
            Array dy = gradient(y);
            if (dy == null || !x.needsGradient()) return;
            if (x.gradient() == null) {
                Array whole = x.array().like();
                emit(Kernels.zero(whole));
                emit(Kernels.copy(dy, whole.slice(axis, from, to), false));
                x.gradient(whole, true);
                return;
            }
            if (!x.ownsGradient()) {
                Array whole = x.array().like();
                emit(Kernels.copy(x.gradient(), whole, false));
                x.gradient(whole, true);
            }
            emit(Kernels.copy(dy, x.gradient().slice(axis, from, to), true));
        });
        return y;
    }

    /** Says that slices and nothing else will use x, and that they are all of it: they write its gradient in place. */
    void cutUp(Node x) {
        if (x.needsGradient() && x.place() == null)
            x.place(new Node.Place(x.array().like()));
    }

    private Node view(Node x, Array seen) {
        boolean all = x.isDisposable() && seen.size() == x.array().size();
        Node y = new Node(seen, x.needsGradient(), x.ready(), all);
        // What may be done to a value by the step that makes it may be done to the same elements seen otherwise.
        if (all && x.producer() != null) y.producedBy(x.producer(), x.producerStep());
        y.usedOnce(all);
        return y;
    }

    private Array dense(Array x) {
        Array y = Array.fresh(x.dims());
        emit(Kernels.copy(x, y, false));
        return y;
    }

    /** Row by row without gaps; x itself when it is. */
    Node dense(Node x) {
        return x.array().isDense() ? x : copy(x);
    }

    Node copy(Node x) {
        Array to = Array.fresh(x.array().dims());
        emit(Kernels.copy(x.array(), to, false));
        Node y = made(to, x.needsGradient());
        remember(() -> {
            Array dy = gradient(y);
            if (dy != null) give(x, dy, y.ownsGradient());
        });
        return y;
    }

    /** Along an axis. */
    Node concat(int axis, List<Node> parts) {
        long[] dims = parts.get(0).array().dims();
        dims[axis] = parts.stream().mapToLong(part -> part.array().dim(axis)).sum();
        Array whole = Array.fresh(dims);
        Node y = new Node(
                whole, training && parts.stream().anyMatch(Node::needsGradient), steps.size() + parts.size() - 1, true);
        long from = 0;
        for (Node part : parts) {
            long to = from + part.array().dim(axis);
            emit(Kernels.copy(part.array(), whole.slice(axis, from, to), false));
            from = to;
        }
        remember(() -> {
            Array dy = gradient(y);
            if (dy == null) return;
            long at = 0;
            for (Node part : parts) {
                long next = at + part.array().dim(axis);
                give(part, dy.slice(axis, at, next), false);
                at = next;
            }
        });
        return y;
    }
}
