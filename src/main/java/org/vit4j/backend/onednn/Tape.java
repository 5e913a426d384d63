package org.vit4j.backend.onednn;

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
    private final PackedWeights packed;
    private final List<KernelStep> early = new ArrayList<>();
    private final List<KernelStep> steps = new ArrayList<>();
    private final Deque<Runnable> adjoints = new ArrayDeque<>();
    private final Map<Long, StridedArray> ones = new HashMap<>();
    private final List<FloatPointer> constants = new ArrayList<>();

    /**
     * @param training whether there will be a backward pass
     * @param packed kernels of weights that stay as they are from run to run; null when they may change
     */
    Tape(boolean training, PackedWeights packed) {
        this.training = training;
        this.packed = packed;
    }

    boolean isTraining() {
        return training;
    }

    /** Where a kernel lies once and for all; null when it may change, or is worked out from others in each run. */
    PackedWeights packed(StridedArray kernel) {
        return kernel.buffer().isExternal() ? packed : null;
    }

    /** All steps in order. */
    List<KernelStep> steps() {
        List<KernelStep> all = new ArrayList<>(early);
        all.addAll(steps);
        return all;
    }

    /** Memory that lives as long as the plan. */
    List<FloatPointer> constants() {
        return constants;
    }

    int emit(KernelStep step) {
        steps.add(step);
        return steps.size() - 1;
    }

    /** Done before everything else in a run, or in the first run alone: what depends on weights only. */
    void emitEarly(KernelStep step) {
        early.add(packed == null ? step : new FirstRunStep(step));
    }

    void onBackward(Runnable adjoint) {
        adjoints.push(adjoint);
    }

    /** Writes down the backward pass, from the gradients that were given to the outputs. */
    void backward() {
        while (!adjoints.isEmpty()) adjoints.pop().run();
    }

    TapeValue value(StridedArray array, boolean needsGradient) {
        return new TapeValue(array, training && needsGradient, steps.size() - 1, true);
    }

    StridedArray constant(float[] values, long... dims) {
        FloatPointer memory = new FloatPointer(values);
        constants.add(memory);
        return StridedArray.of(PlannedBuffer.external(values.length, memory.address()), 0, dims);
    }

    /** [1, n] of ones. */
    StridedArray ones(long n) {
        return ones.computeIfAbsent(n, any -> {
            float[] values = new float[Math.toIntExact(n)];
            Arrays.fill(values, 1);
            return constant(values, 1, n);
        });
    }

    // ---- gradients

    /** Writes a gradient, on top of {@code plus} unless that is null. */
    interface GradientWriter {
        void write(StridedArray destination, StridedArray plus);
    }

    /** Writes a gradient over whatever was there. */
    interface OverwritingWriter {
        void write(StridedArray destination);
    }

    /** For steps that can add. */
    void accumulate(TapeValue n, GradientWriter writer) {
        if (!n.needsGradient()) return;
        if (n.target() != null) {
            boolean before = n.target().isWritten();
            zeroFillMissing(n.target());
            writer.write(n.target().array, before ? n.target().array : null);
            n.target().write();
            return;
        }
        StridedArray before = n.gradient();
        StridedArray after =
                before != null && n.ownsGradient() ? before : n.array().like();
        if (before != null && !before.isLaidOutAs(after)) {
            StridedArray tidy = after.like();
            emit(Kernels.copy(before, tidy, false));
            before = tidy;
        }
        writer.write(after, before);
        n.gradient(after, true);
    }

    /** For steps that cannot add. */
    void accumulateInto(TapeValue n, OverwritingWriter writer) {
        if (!n.needsGradient()) return;
        boolean empty = n.target() == null
                ? n.gradient() == null
                : !n.target().isWritten()
                        && n.target().array.isLaidOutAs(n.array().like());
        if (empty) {
            accumulate(n, (destination, plus) -> writer.write(destination));
            return;
        }
        StridedArray made = n.array().like();
        writer.write(made);
        accumulate(n, made, true);
    }

    /** An array that is there already; {@code own} when nobody else reads it later. */
    void accumulate(TapeValue n, StridedArray gradient, boolean own) {
        if (!n.needsGradient()) return;
        if (n.target() != null) {
            boolean before = n.target().isWritten();
            zeroFillMissing(n.target());
            emit(Kernels.copy(gradient, n.target().array, before));
            n.target().write();
        } else if (n.gradient() == null) {
            n.gradient(gradient, own);
        } else {
            StridedArray sum = sum(n.gradient(), n.ownsGradient(), gradient, own);
            n.gradient(sum, true);
        }
    }

    private StridedArray sum(StridedArray a, boolean ownA, StridedArray b, boolean ownB) {
        if (a.isLaidOutAs(b) && a.isCompact()) {
            StridedArray to = ownA ? a : ownB ? b : a.like();
            emit(Kernels.binary(dnnl_binary_add, a.flat(), b.flat(), to.flat()));
            return to;
        }
        StridedArray to = a;
        if (!ownA) {
            to = a.like();
            emit(Kernels.copy(a, to, false));
        }
        emit(Kernels.copy(b, to, true));
        return to;
    }

    private void zeroFillMissing(TapeValue.GradientTarget place) {
        for (TapeValue.GradientTarget part : place.missing()) {
            StridedArray zeros = part.array.like();
            emit(Kernels.zero(zeros));
            emit(Kernels.copy(zeros, part.array, false));
            part.write();
        }
    }

    /** Zeros where the backward pass has written nothing. */
    void zeroFill(TapeValue.GradientTarget place) {
        if (place.isWritten()) zeroFillMissing(place);
        else emit(Kernels.zero(place.array));
    }

    /** The gradient of a value whose uses are all done, or null. */
    StridedArray gradient(TapeValue n) {
        if (n.target() != null) zeroFillMissing(n.target());
        return n.gradient();
    }

    // ---- views

    /** The same elements in another shape: a view where strides allow, else a copy. */
    TapeValue reshape(TapeValue x, long... dims) {
        StridedArray seen = x.array().reshape(dims).orElse(null);
        if (seen == null) return reshape(dense(x), dims);
        TapeValue y = view(x, seen);
        if (x.target() != null) {
            x.target().array.reshape(dims).ifPresent(at -> y.target(x.target().seenAs(at)));
        }
        if (y.target() == null) {
            onBackward(() -> {
                StridedArray dy = gradient(y);
                if (dy == null) return;
                long[] back = x.array().dims();
                StridedArray dx =
                        dy.reshape(back).orElseGet(() -> dense(dy).reshape(back).orElseThrow());
                accumulate(x, dx, y.ownsGradient());
            });
        }
        return y;
    }

    TapeValue permute(TapeValue x, int... axes) {
        TapeValue y = view(x, x.array().permute(axes));
        if (x.target() != null) {
            y.target(x.target().seenAs(x.target().array.permute(axes)));
            return y;
        }
        int[] back = new int[axes.length];
        for (int i = 0; i < axes.length; i++) back[axes[i]] = i;
        onBackward(() -> {
            StridedArray dy = gradient(y);
            if (dy != null) accumulate(x, dy.permute(back), y.ownsGradient());
        });
        return y;
    }

    TapeValue slice(TapeValue x, int axis, long from, long to) {
        TapeValue y = view(x, x.array().slice(axis, from, to));
        if (x.target() != null) {
            y.target(x.target().part(x.target().array.slice(axis, from, to)));
            return y;
        }
        onBackward(() -> {
            StridedArray dy = gradient(y);
            if (dy == null || !x.needsGradient()) return;
            if (x.gradient() == null) {
                StridedArray whole = x.array().like();
                emit(Kernels.zero(whole));
                emit(Kernels.copy(dy, whole.slice(axis, from, to), false));
                x.gradient(whole, true);
                return;
            }
            if (!x.ownsGradient()) {
                StridedArray whole = x.array().like();
                emit(Kernels.copy(x.gradient(), whole, false));
                x.gradient(whole, true);
            }
            emit(Kernels.copy(dy, x.gradient().slice(axis, from, to), true));
        });
        return y;
    }

    /** Says that slices and nothing else will use x, and that they are all of it: they write its gradient in place. */
    void splitGradient(TapeValue x) {
        if (x.needsGradient() && x.target() == null)
            x.target(new TapeValue.GradientTarget(x.array().like()));
    }

    private TapeValue view(TapeValue x, StridedArray seen) {
        boolean all = x.isDisposable() && seen.size() == x.array().size();
        TapeValue y = new TapeValue(seen, x.needsGradient(), x.ready(), all);
        // What may be done to a value by the step that makes it may be done to the same elements seen otherwise.
        if (all && x.producer() != null) y.setProducer(x.producer(), x.producerStep());
        y.usedOnce(all);
        return y;
    }

    private StridedArray dense(StridedArray x) {
        StridedArray y = StridedArray.fresh(x.dims());
        emit(Kernels.copy(x, y, false));
        return y;
    }

    /** Row by row without gaps; x itself when it is. */
    TapeValue dense(TapeValue x) {
        return x.array().isDense() ? x : copy(x);
    }

    TapeValue copy(TapeValue x) {
        StridedArray to = StridedArray.fresh(x.array().dims());
        emit(Kernels.copy(x.array(), to, false));
        TapeValue y = value(to, x.needsGradient());
        onBackward(() -> {
            StridedArray dy = gradient(y);
            if (dy != null) accumulate(x, dy, y.ownsGradient());
        });
        return y;
    }

    /** Along an axis. */
    TapeValue concat(int axis, List<TapeValue> parts) {
        long[] dims = parts.get(0).array().dims();
        dims[axis] = parts.stream().mapToLong(part -> part.array().dim(axis)).sum();
        StridedArray whole = StridedArray.fresh(dims);
        TapeValue y = new TapeValue(
                whole,
                training && parts.stream().anyMatch(TapeValue::needsGradient),
                steps.size() + parts.size() - 1,
                true);
        long from = 0;
        for (TapeValue part : parts) {
            long to = from + part.array().dim(axis);
            emit(Kernels.copy(part.array(), whole.slice(axis, from, to), false));
            from = to;
        }
        onBackward(() -> {
            StridedArray dy = gradient(y);
            if (dy == null) return;
            long at = 0;
            for (TapeValue part : parts) {
                long next = at + part.array().dim(axis);
                accumulate(part, dy.slice(axis, at, next), false);
                at = next;
            }
        });
        return y;
    }
}
