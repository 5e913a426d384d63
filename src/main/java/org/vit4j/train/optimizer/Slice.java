package org.vit4j.train.optimizer;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The part of a flat array that is one weight.
 *
 * @param lrScale share of the learning rate it takes
 */
public record Slice(String weight, long from, long size, double lrScale, double weightDecay) {
    /** That part of an array laid out alike, as a vector; changing it changes the array. */
    public INDArray of(INDArray flat) {
        return span().of(flat);
    }

    Slices.Span span() {
        return new Slices.Span(from, from + size, 0);
    }
}
