package org.vit4j.backend.samediff;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A value of the graph: a dense part of some memory, in a shape. */
record PlannedValue(Allocation place, long from, long... shape) {
    static PlannedValue of(INDArray array) {
        return new PlannedValue(Allocation.of(array), 0, array.shape());
    }

    static PlannedValue inArena(TracedOp.TracedResult result) {
        return new PlannedValue(Allocation.inArena(result.type(), length(result.shape())), 0, result.shape());
    }

    PlannedValue view(long offset, long... as) {
        return new PlannedValue(place, from + offset, as);
    }

    long length() {
        return length(shape);
    }

    /** Elements in an array. */
    static long length(long... shape) {
        return Arrays.stream(shape).reduce(1, Math::multiplyExact);
    }

    INDArray array() {
        return place.view(from, shape);
    }
}
