package org.vit4j.optim;

import org.vit4j.backend.FlatArray;

/**
 * Range of one parameter in a flat array, with its optimizer settings.
 *
 * @param lrScale factor for the learning rate
 */
public record ParamRange(String parameter, long from, long size, double lrScale, double weightDecay) {
    /** View of the range in an array with the same layout, as a vector. */
    public FlatArray of(FlatArray flat) {
        return span().of(flat);
    }

    ParamGroups.ParamSpan span() {
        return new ParamGroups.ParamSpan(from, from + size, new ParamGroups.ParamSettings(lrScale, weightDecay));
    }
}
