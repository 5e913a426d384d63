package org.vit4j.backend.onednn;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;

/**
 * Records forward steps, and for each a closure that records its backward steps. {@link #backward} runs the closures in
 * reverse order.
 *
 * <p>The gradient of a value is accumulated over its uses. Matrix products add the gradient accumulated so far as they
 * write the result; other steps write to a new array, which is then added.
 */
final class Tape {
    private final boolean training;
    private final PackedWeights packed;
    private final TapeKernels kernels;
    private final List<KernelStep> setupSteps = new ArrayList<>();
    private final List<KernelStep> steps = new ArrayList<>();
    private final BackwardPass backwardPass = new BackwardPass();
    private final IdentityHashMap<StridedArray, TapeValue> converted = new IdentityHashMap<>(); // to the other type
    private final IdentityHashMap<TapeValue, TapeValue> denseValues = new IdentityHashMap<>();
    private final TapeConstants constants = new TapeConstants();

    /**
     * @param training whether there is a backward pass
     * @param packed cache of reordered constant weights; null if weights may change between runs
     */
    Tape(boolean training, PackedWeights packed) {
        this(training, packed, TapeKernels.ONEDNN);
    }

    Tape(boolean training, PackedWeights packed, TapeKernels kernels) {
        this.training = training;
        this.packed = packed;
        this.kernels = kernels;
    }

    boolean isTraining() {
        return training;
    }

    /** The cache of reordered weights; null if the kernel may change, or is computed from others in every run. */
    PackedWeights packed(StridedArray kernel) {
        return kernel.buffer().isExternal() ? packed : null;
    }

    /** All steps in order, setup steps first. */
    List<KernelStep> steps() {
        List<KernelStep> all = new ArrayList<>(setupSteps);
        all.addAll(steps);
        return all;
    }

    /** Number of steps without setup steps, which both passes add. */
    int count() {
        return steps.size();
    }

    /** Constants in native memory, to be freed with the plan. */
    List<FloatPointer> constants() {
        return constants.memory();
    }

    /** Appends a step; returns its number. */
    int emit(KernelStep step) {
        steps.add(step);
        return steps.size() - 1;
    }

    /**
     * Adds a step that depends on parameters only. Runs before all others; with constant parameters in the first run
     * only.
     */
    void emitSetup(KernelStep step) {
        setupSteps.add(packed == null ? step : new FirstRunStep(step));
    }

    /** Registers a closure that records the backward steps of the forward steps emitted last. */
    void onBackward(Runnable action) {
        backwardPass.add(action);
    }

    /** Records the backward pass, from the gradients accumulated for the outputs. */
    void backward() {
        backwardPass.run();
    }

    BackwardPass backwardPass() {
        return backwardPass;
    }

    /** A value computed by the step emitted last. */
    TapeValue value(StridedArray array, boolean needsGradient) {
        return new TapeValue(array, training && needsGradient, steps.size() - 1, true);
    }

    StridedArray constant(float[] values, long... dims) {
        return constants.of(values, dims);
    }

    /** A row of ones in a type, [1, n]. */
    StridedArray ones(ElementType type, long n) {
        return as(type, new TapeValue(ones(n), false, -1)).array();
    }

    StridedArray ones(long n) {
        return constants.ones(n);
    }

    // ---- types

    /** The value in another type. All readers share one conversion; those of parameters are recorded in a setup step. */
    TapeValue as(ElementType type, TapeValue x) {
        return x.array().type() == type ? x : converted.computeIfAbsent(x.array(), any -> convert(type, x));
    }

    private TapeValue convert(ElementType type, TapeValue x) {
        StridedArray to = x.array().like(type);
        if (!x.array().buffer().isExternal()) return copy(x, to);
        emitSetup(kernels.copy(x.array(), to, false));
        TapeValue y = new TapeValue(to, x.needsGradient(), -1);
        return x.target() == null ? y : y.target(x.target().view(x.target().array));
    }

    /** A copy of an array in another type, or the array itself. */
    StridedArray as(ElementType type, StridedArray x) {
        if (x.type() == type) return x;
        StridedArray y = x.like(type);
        emit(kernels.copy(x, y, false));
        return y;
    }

    // ---- gradients

    /** Writes a gradient plus {@code addend}, which may be null. */
    interface GradientWriter {
        void write(StridedArray destination, StridedArray addend);
    }

    /** Overwrites the destination with a gradient. */
    interface OverwritingWriter {
        void write(StridedArray destination);
    }

    /** Accumulates the gradient of n by a step that can add. */
    void accumulate(TapeValue n, GradientWriter writer) {
        if (!n.needsGradient()) return;
        if (n.target() != null) {
            boolean before = n.target().isWritten();
            zeroFillUnwrittenParts(n.target());
            writer.write(n.target().array, before ? n.target().array : null);
            n.target().markWritten();
            return;
        }
        StridedArray before = n.gradient();
        StridedArray after =
                before != null && n.ownsGradient() ? before : n.array().like(n.gradientType());
        if (before != null && !before.hasLayoutOf(after)) {
            StridedArray copy = after.like();
            emit(kernels.copy(before, copy, false));
            before = copy;
        }
        writer.write(after, before);
        n.gradient(after, true);
    }

    /** Accumulates the gradient of n by a step that cannot add and writes the type of n. */
    void accumulateInto(TapeValue n, OverwritingWriter writer) {
        accumulateInto(n, n.array().type(), writer);
    }

    /** Accumulates the gradient of n by a step that cannot add. */
    void accumulateInto(TapeValue n, ElementType type, OverwritingWriter writer) {
        if (!n.needsGradient()) return;
        boolean empty = n.target() == null
                ? n.gradient() == null
                : !n.target().isWritten()
                        && n.target().array.hasLayoutOf(n.array().like());
        ElementType wanted =
                n.target() == null ? n.gradientType() : n.target().array.type();
        if (empty && wanted == type) {
            accumulate(n, (destination, addend) -> writer.write(destination));
            return;
        }
        StridedArray written = n.array().like(type);
        writer.write(written);
        accumulate(n, written, true);
    }

    /** Accumulates an existing array; {@code own} if it has no other readers, so that it may be overwritten. */
    void accumulate(TapeValue n, StridedArray gradient, boolean own) {
        if (!n.needsGradient()) return;
        if (n.target() == null && gradient.type() != n.gradientType()) {
            accumulate(n, as(n.gradientType(), gradient), true);
            return;
        }
        if (n.target() != null) {
            boolean before = n.target().isWritten();
            zeroFillUnwrittenParts(n.target());
            emit(kernels.copy(gradient, n.target().array, before));
            n.target().markWritten();
        } else if (n.gradient() == null) {
            n.gradient(gradient, own);
        } else {
            StridedArray sum = sum(n.gradient(), n.ownsGradient(), gradient, own);
            n.gradient(sum, true);
        }
    }

    private StridedArray sum(StridedArray a, boolean ownA, StridedArray b, boolean ownB) {
        if (a.hasLayoutOf(b) && a.isCompact()) {
            StridedArray to = ownA ? a : ownB ? b : a.like();
            emit(kernels.add(a.flat(), b.flat(), to.flat()));
            return to;
        }
        StridedArray to = a;
        if (!ownA) {
            to = a.like();
            emit(kernels.copy(a, to, false));
        }
        emit(kernels.copy(b, to, true));
        return to;
    }

    private void zeroFillUnwrittenParts(TapeValue.GradientTarget target) {
        for (TapeValue.GradientTarget part : target.unwrittenParts()) {
            StridedArray zeros = part.array.like();
            emit(kernels.zero(zeros));
            emit(kernels.copy(zeros, part.array, false));
            part.markWritten();
        }
    }

    /** Zero-fills the parts of a target that the backward pass has not written. */
    void zeroFill(TapeValue.GradientTarget target) {
        if (target.isWritten()) zeroFillUnwrittenParts(target);
        else emit(kernels.zero(target.array));
    }

    /** The gradient of a value after all its uses were differentiated; null if there is none. */
    StridedArray gradient(TapeValue n) {
        if (n.target() != null) zeroFillUnwrittenParts(n.target());
        return n.gradient();
    }

    // ---- views

    /** Reshapes: a view if the strides allow it, otherwise a copy. */
    TapeValue reshape(TapeValue x, long... dims) {
        StridedArray view = x.array().reshape(dims).orElse(null);
        if (view == null) return reshape(dense(x), dims);
        TapeValue y = view(x, view);
        if (x.target() != null) {
            x.target().array.reshape(dims).ifPresent(at -> y.target(x.target().view(at)));
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
            y.target(x.target().view(x.target().array.permute(axes)));
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
            y.target(addPart(x, axis, from, to));
            if (x.isUsedOnce() && from > 0) addPart(x, axis, 0, from);
            if (x.isUsedOnce() && to < x.array().dim(axis))
                addPart(x, axis, to, x.array().dim(axis));
            return y;
        }
        onBackward(() -> {
            StridedArray dy = gradient(y);
            if (dy == null || !x.needsGradient()) return;
            if (x.gradient() == null) {
                StridedArray full = x.array().like(x.gradientType());
                emit(kernels.zero(full));
                emit(kernels.copy(dy, full.slice(axis, from, to), false));
                x.gradient(full, true);
                return;
            }
            if (!x.ownsGradient()) {
                StridedArray full = x.array().like(x.gradientType());
                emit(kernels.copy(x.gradient(), full, false));
                x.gradient(full, true);
            }
            emit(kernels.copy(dy, x.gradient().slice(axis, from, to), true));
        });
        return y;
    }

    /** Adds a part of the gradient of x that is written separately, or filled with zeros if it has no use. */
    private static TapeValue.GradientTarget addPart(TapeValue x, int axis, long from, long to) {
        return x.target().addPart(x.target().array.slice(axis, from, to));
    }

    /**
     * Declares that the uses of x are slices that together cover it: their gradients are written in target, without a
     * sum.
     */
    void splitGradient(TapeValue x) {
        if (x.needsGradient() && x.target() == null)
            x.target(new TapeValue.GradientTarget(x.array().like(x.gradientType())));
    }

    private TapeValue view(TapeValue x, StridedArray view) {
        boolean all = x.isDisposable() && view.size() == x.array().size();
        TapeValue y = new TapeValue(view, x.needsGradient(), x.readyStep(), all).setGradientType(x.gradientType());
        // Ops that can be fused into the step of a value can be fused for a view of all its elements too.
        if (all && x.producer() != null) y.setProducer(x.producer(), x.producerStep());
        return y.setUsedOnce(all).setRecomputation(x.recomputation());
    }

    private StridedArray dense(StridedArray x) {
        StridedArray y = StridedArray.temporary(x.type(), x.dims());
        emit(kernels.copy(x, y, false));
        return y;
    }

    /** Returns x in row-major order without gaps: x itself, or a copy that all its readers share. */
    TapeValue dense(TapeValue x) {
        return x.array().isDense() ? x : denseValues.computeIfAbsent(x, this::copy);
    }

    TapeValue copy(TapeValue x) {
        return copy(x, x.array().type());
    }

    /** Copies to row-major order and another type. */
    TapeValue copy(TapeValue x, ElementType type) {
        return copy(x, StridedArray.temporary(type, x.array().dims()));
    }

    private TapeValue copy(TapeValue x, StridedArray to) {
        emit(kernels.copy(x.array(), to, false));
        TapeValue y = value(to, x.needsGradient()).setGradientType(x.gradientType());
        onBackward(() -> {
            StridedArray dy = gradient(y);
            if (dy != null) accumulate(x, dy, y.ownsGradient());
        });
        return y;
    }

    /** Concatenates along an axis. */
    TapeValue concat(int axis, List<TapeValue> parts) {
        long[] dims = parts.get(0).array().dims();
        dims[axis] = parts.stream().mapToLong(part -> part.array().dim(axis)).sum();
        ElementType type = parts.stream().anyMatch(part -> part.array().type() == ElementType.F32)
                ? ElementType.F32
                : ElementType.BF16;
        StridedArray full = StridedArray.temporary(type, dims);
        TapeValue y = new TapeValue(
                full,
                training && parts.stream().anyMatch(TapeValue::needsGradient),
                steps.size() + parts.size() - 1,
                true);
        long from = 0;
        for (TapeValue part : parts) {
            long to = from + part.array().dim(axis);
            emit(kernels.copy(part.array(), full.slice(axis, from, to), false));
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
