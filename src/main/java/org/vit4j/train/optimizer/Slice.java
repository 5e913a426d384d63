package org.vit4j.train.optimizer;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The part of a flat array that is one weight.
 *
 * @param lrScale share of the learning rate it takes
 */
public record Slice(String weight, long from, long size, double lrScale, double weightDecay) {
    /** That part of an array laid out alike, as a vector; changing it changes the array. */
    public INDArray of(INDArray flat) {
        return flat.get(NDArrayIndex.interval(from, from + size));
    }
}
