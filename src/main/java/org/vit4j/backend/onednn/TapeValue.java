package org.vit4j.backend.onednn;

import java.util.ArrayList;
import java.util.List;

/** A value of the forward pass, and what the backward pass has gathered of its gradient so far. */
final class TapeValue {
    /** Where a gradient has to end up, when that is not free. Views of one place share whether it was written. */
    static final class GradientTarget {
        final StridedArray array;
        private final boolean[] written;
        private final List<GradientTarget> parts;

        GradientTarget(StridedArray array) {
            this(array, new boolean[1], new ArrayList<>());
        }

        private GradientTarget(StridedArray array, boolean[] written, List<GradientTarget> parts) {
            this.array = array;
            this.written = written;
            this.parts = parts;
        }

        /** The same place, seen in another shape. */
        GradientTarget seenAs(StridedArray view) {
            return new GradientTarget(view, written, parts);
        }

        /** A part of it that is written for itself. */
        GradientTarget part(StridedArray view) {
            GradientTarget part = new GradientTarget(view);
            parts.add(part);
            return part;
        }

        boolean isWritten() {
            return written[0] || parts.stream().anyMatch(GradientTarget::isWritten);
        }

        void write() {
            written[0] = true;
        }

        /** Parts that nobody wrote though others were. */
        List<GradientTarget> missing() {
            if (written[0] || !isWritten()) return List.of();
            return parts.stream().filter(part -> !part.isWritten()).toList();
        }
    }

    private final StridedArray array;
    private final boolean needsGradient;
    private final int ready;
    private final boolean fresh;
    private PostOp.FusableStep producer;
    private int setProducer;
    private boolean disposable;
    private GradientTarget target;
    private StridedArray gradient;
    private boolean owned;

    /** @param ready the step that completes it; -1 when it is there from the start */
    TapeValue(StridedArray array, boolean needsGradient, int ready) {
        this(array, needsGradient, ready, false);
    }

    /** @param fresh whether the memory was made for this value, so that its last use may write over it */
    TapeValue(StridedArray array, boolean needsGradient, int ready, boolean fresh) {
        this.array = array;
        this.needsGradient = needsGradient;
        this.ready = ready;
        this.fresh = fresh;
    }

    StridedArray array() {
        return array;
    }

    boolean needsGradient() {
        return needsGradient;
    }

    int ready() {
        return ready;
    }

    /** That step can do more to the value, as long as nobody else wants it as it is. */
    TapeValue setProducer(PostOp.FusableStep step, int number) {
        producer = step;
        setProducer = number;
        return this;
    }

    PostOp.FusableStep producer() {
        return producer;
    }

    int producerStep() {
        return setProducer;
    }

    /** Whether its one use may write over it, or be done by the step that makes it. */
    boolean isDisposable() {
        return disposable;
    }

    /** Says that there will be one use only. */
    TapeValue usedOnce(boolean once) {
        disposable = fresh && once;
        return this;
    }

    GradientTarget target() {
        return target;
    }

    void target(GradientTarget at) {
        target = at;
    }

    /** What was gathered; null when nothing was. */
    StridedArray gradient() {
        if (target != null) return target.isWritten() ? target.array : null;
        return gradient;
    }

    /** Whether the gradient's memory is its own, to be written over. */
    boolean ownsGradient() {
        return owned;
    }

    void gradient(StridedArray gathered, boolean own) {
        gradient = gathered;
        owned = own;
    }
}
