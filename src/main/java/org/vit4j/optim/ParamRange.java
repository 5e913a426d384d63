package org.vit4j.optim;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The part of a flat array that is one weight.
 *
 * @param lrScale share of the learning rate it takes
 */
public record ParamRange(String parameter, long from, long size, double lrScale, double weightDecay) {
    /** That part of an array laid out alike, as a vector; changing it changes the array. */
    public INDArray of(INDArray flat) {
        return span().of(flat);
    }

    ParamGroups.ParamSpan span() {
        return new ParamGroups.ParamSpan(from, from + size, 0);
    }
}
