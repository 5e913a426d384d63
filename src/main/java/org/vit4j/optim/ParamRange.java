package org.vit4j.optim;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Range of one parameter in a flat array, with its optimizer settings.
 *
 * @param lrScale factor for the learning rate
 */
public record ParamRange(String parameter, long from, long size, double lrScale, double weightDecay) {
    /** View of the range in an array with the same layout, as a vector. */
    public INDArray of(INDArray flat) {
        return span().of(flat);
    }

    ParamGroups.ParamSpan span() {
        return new ParamGroups.ParamSpan(from, from + size, 0);
    }
}
