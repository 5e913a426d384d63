package org.vit4j.accelerated;

import java.util.ArrayList;
import java.util.List;

/** A value of the forward pass, and what the backward pass has gathered of its gradient so far. */
final class Node {
    /** Where a gradient has to end up, when that is not free. Views of one place share whether it was written. */
    static final class Place {
        final Array array;
        private final boolean[] written;
        private final List<Place> parts;

        Place(Array array) {
            this(array, new boolean[1], new ArrayList<>());
        }

        private Place(Array array, boolean[] written, List<Place> parts) {
            this.array = array;
            this.written = written;
            this.parts = parts;
        }

        /** The same place, seen in another shape. */
        Place seenAs(Array view) {
            return new Place(view, written, parts);
        }

        /** A part of it that is written for itself. */
        Place part(Array view) {
            Place part = new Place(view);
            parts.add(part);
            return part;
        }

        boolean isWritten() {
            return written[0] || parts.stream().anyMatch(Place::isWritten);
        }

        void write() {
            written[0] = true;
        }

        /** Parts that nobody wrote though others were. */
        List<Place> missing() {
            if (written[0] || !isWritten()) return List.of();
            return parts.stream().filter(part -> !part.isWritten()).toList();
        }
    }

    private final Array array;
    private final boolean needsGradient;
    private final int ready;
    private final boolean fresh;
    private PostOp.Fusable producer;
    private int producedBy;
    private boolean disposable;
    private Place place;
    private Array gradient;
    private boolean owned;

    /** @param ready the step that completes it; -1 when it is there from the start */
    Node(Array array, boolean needsGradient, int ready) {
        this(array, needsGradient, ready, false);
    }

    /** @param fresh whether the memory was made for this value, so that its last use may write over it */
    Node(Array array, boolean needsGradient, int ready, boolean fresh) {
        this.array = array;
        this.needsGradient = needsGradient;
        this.ready = ready;
        this.fresh = fresh;
    }

    Array array() {
        return array;
    }

    boolean needsGradient() {
        return needsGradient;
    }

    int ready() {
        return ready;
    }

    /** That step can do more to the value, as long as nobody else wants it as it is. */
    Node producedBy(PostOp.Fusable step, int number) {
        producer = step;
        producedBy = number;
        return this;
    }

    PostOp.Fusable producer() {
        return producer;
    }

    int producerStep() {
        return producedBy;
    }

    /** Whether its one use may write over it, or be done by the step that makes it. */
    boolean isDisposable() {
        return disposable;
    }

    /** Says that there will be one use only. */
    Node usedOnce(boolean once) {
        disposable = fresh && once;
        return this;
    }

    Place place() {
        return place;
    }

    void place(Place at) {
        place = at;
    }

    /** What was gathered; null when nothing was. */
    Array gradient() {
        if (place != null) return place.isWritten() ? place.array : null;
        return gradient;
    }

    /** Whether the gradient's memory is its own, to be written over. */
    boolean ownsGradient() {
        return owned;
    }

    void gradient(Array gathered, boolean own) {
        gradient = gathered;
        owned = own;
    }
}
