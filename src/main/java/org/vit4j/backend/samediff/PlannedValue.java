package org.vit4j.backend.samediff;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A value of the graph: a dense part of an allocation, with a shape. */
record PlannedValue(Allocation allocation, long offset, long... shape) {
    static PlannedValue of(INDArray array) {
        return new PlannedValue(Allocation.of(array), 0, array.shape());
    }

    static PlannedValue inArena(TracedOp.TracedResult result) {
        return new PlannedValue(Allocation.inArena(result.type(), length(result.shape())), 0, result.shape());
    }

    PlannedValue view(long start, long... as) {
        return new PlannedValue(allocation, offset + start, as);
    }

    /** This value with a number of axes of length 1 at the end. */
    PlannedValue withAxes(int count) {
        long[] as = Arrays.copyOf(shape, shape.length + count);
        Arrays.fill(as, shape.length, as.length, 1);
        return view(0, as);
    }

    long length() {
        return length(shape);
    }

    /** Number of elements of a shape. */
    static long length(long... shape) {
        return Arrays.stream(shape).reduce(1, Math::multiplyExact);
    }

    INDArray array() {
        return allocation.view(offset, shape);
    }
}
