package org.vit4j.backend.onednn;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** A value of the forward pass, and its gradient as accumulated so far in the backward pass. */
final class TapeValue {
    /** A required destination of a gradient. Views of a destination share its state. */
    static final class GradientTarget {
        final StridedArray array;
        /** The target that this one is a part of; null if there is none. */
        private final GradientTarget whole;

        private final boolean[] written;
        private final List<GradientTarget> parts;

        GradientTarget(StridedArray array) {
            this(array, null, new boolean[1], new ArrayList<>());
        }

        private GradientTarget(
                StridedArray array, GradientTarget whole, boolean[] written, List<GradientTarget> parts) {
            this.array = array;
            this.whole = whole;
            this.written = written;
            this.parts = parts;
        }

        /** View of this destination in another shape. */
        GradientTarget view(StridedArray view) {
            return new GradientTarget(view, whole, written, parts);
        }

        /** Adds a part of this destination that is written separately. */
        GradientTarget addPart(StridedArray view) {
            GradientTarget part = new GradientTarget(view, this, new boolean[1], new ArrayList<>());
            parts.add(part);
            return part;
        }

        boolean isWritten() {
            return isCovered() || parts.stream().anyMatch(GradientTarget::isWritten);
        }

        /** Returns true if all of it was written at once, or what it is a part of. */
        private boolean isCovered() {
            return written[0] || (whole != null && whole.isCovered());
        }

        void markWritten() {
            written[0] = true;
        }

        /** Parts not written while other parts were. */
        List<GradientTarget> unwrittenParts() {
            if (isCovered() || !isWritten()) return List.of();
            return parts.stream()
                    .flatMap(part -> part.isWritten() ? part.unwrittenParts().stream() : Stream.of(part))
                    .toList();
        }
    }

    private final StridedArray array;
    private final boolean needsGradient;
    private final int readyStep;
    private boolean ownsMemory;
    private PostOp.FusableStep producer;
    private int producerStep;
    private boolean usedOnce;
    private boolean disposable;
    private GradientTarget target;
    private StridedArray gradient;
    private boolean ownsGradient;
    private boolean gradientRequested;
    private ElementType gradientType;
    private Recomputation recomputation;

    /** @param readyStep number of the step that computes it; -1 if it exists before the first step */
    TapeValue(StridedArray array, boolean needsGradient, int readyStep) {
        this(array, needsGradient, readyStep, false);
    }

    /** @param ownsMemory whether the memory belongs to this value alone, so that its last use may overwrite it */
    TapeValue(StridedArray array, boolean needsGradient, int readyStep, boolean ownsMemory) {
        this.array = array;
        this.needsGradient = needsGradient;
        this.readyStep = readyStep;
        this.ownsMemory = ownsMemory;
        this.gradientType = array.type();
    }

    StridedArray array() {
        return array;
    }

    /** A value of this array that has no gradient. */
    TapeValue detached() {
        return new TapeValue(array, false, readyStep);
    }

    /** A value of this array that has a gradient, which callers read, although no parameter needs it. */
    TapeValue withGradient() {
        return new TapeValue(array, true, readyStep);
    }

    /** Declares that the backward pass computes this value again instead of keeping it; null keeps it. */
    TapeValue setRecomputation(Recomputation again) {
        recomputation = again;
        return this;
    }

    Recomputation recomputation() {
        return recomputation;
    }

    /** The array for a step of the backward pass: kept since the forward pass, or computed again. */
    StridedArray saved() {
        return recomputation == null ? array : array.in(recomputation.buffer());
    }

    boolean needsGradient() {
        return needsGradient;
    }

    /** Declares that the backward pass of the step that computes it reads it, so that no reader may overwrite it. */
    TapeValue setReadByGradient() {
        ownsMemory = ownsMemory && !needsGradient;
        return this;
    }

    int readyStep() {
        return readyStep;
    }

    /** Sets the step that computes this value, into which further ops can be fused while {@link #isDisposable}. */
    TapeValue setProducer(PostOp.FusableStep step, int number) {
        producer = step;
        producerStep = number;
        return this;
    }

    PostOp.FusableStep producer() {
        return producer;
    }

    /** Returns true if its elements have the order in which the step that computes it writes them: not in a transposed view. */
    boolean hasOrderOfProducer() {
        return producer.result()
                .reshape(array.dims())
                .filter(result -> result.hasLayoutOf(array))
                .isPresent();
    }

    int producerStep() {
        return producerStep;
    }

    /** Returns true if its only use may overwrite it, or be fused into the step that computes it. */
    boolean isDisposable() {
        return disposable;
    }

    /** Declares whether the value has exactly one use. */
    TapeValue setUsedOnce(boolean once) {
        usedOnce = once;
        disposable = ownsMemory && once;
        return this;
    }

    /** Type of the gradient, by default that of the value. */
    ElementType gradientType() {
        return gradientType;
    }

    /** Sets the type of a gradient whose only reader needs another type than the value has. */
    TapeValue setGradientType(ElementType type) {
        gradientType = type;
        return this;
    }

    boolean isUsedOnce() {
        return usedOnce;
    }

    GradientTarget target() {
        return target;
    }

    TapeValue target(GradientTarget destination) {
        target = destination;
        return this;
    }

    /** The gradient accumulated so far; null if there is none. */
    StridedArray gradient() {
        if (target != null) return target.isWritten() ? target.array : null;
        return gradient;
    }

    /** Returns true if the gradient's memory has no other readers, so that it may be overwritten. */
    boolean ownsGradient() {
        return ownsGradient && !gradientRequested;
    }

    /** Declares that callers of the plan read the gradient. */
    void setGradientRequested() {
        gradientRequested = true;
    }

    void gradient(StridedArray accumulated, boolean own) {
        gradient = accumulated;
        ownsGradient = own;
    }
}
