package org.vit4j.graph.analysis;

import org.vit4j.graph.Tensor;

/** Elements {@code from} (inclusive) to {@code to} (exclusive) of an axis of a tensor, or all of it, or none. */
record TokenRange(int axis, int from, int to) {
    static final TokenRange ALL = new TokenRange(-1, 0, 0);
    static final TokenRange NONE = new TokenRange(-2, 0, 0);

    boolean isPart() {
        return axis >= 0;
    }

    /** The range of another axis. */
    TokenRange along(int otherAxis) {
        return new TokenRange(otherAxis, from, to);
    }

    /** The smallest range that contains both. */
    TokenRange hull(TokenRange other) {
        if (equals(NONE)) return other;
        if (other.equals(NONE)) return this;
        if (other.axis != axis) return ALL;
        return new TokenRange(axis, Math.min(from, other.from), Math.max(to, other.to));
    }

    /** Returns this range, or all of the tensor if that is at most twice as much: kernels copy views of a part. */
    TokenRange ifSmall(Tensor t) {
        return isPart() && 2 * (to - from) > t.dim(axis) ? ALL : this;
    }
}
