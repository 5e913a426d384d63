package org.vit4j.engine;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A value of the graph: a dense part of some memory, in a shape. */
record Value(Place place, long from, long... shape) {
    static Value of(INDArray array) {
        return new Value(Place.of(array), 0, array.shape());
    }

    static Value inArena(Recorded.Result result) {
        return new Value(Place.inArena(result.type(), length(result.shape())), 0, result.shape());
    }

    Value view(long offset, long... as) {
        return new Value(place, from + offset, as);
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
