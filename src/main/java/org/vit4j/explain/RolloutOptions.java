package org.vit4j.explain;

import org.vit4j.config.ConfigError;

/**
 * Options of attention rollout that vit-explain added to the paper's method.
 *
 * @param fusion combination of the heads of each layer
 * @param discard fraction of the smallest values of each layer's combined map that are set to 0, in [0, 1); the
 *     attention of the class token to itself is kept
 */
public record RolloutOptions(HeadFusion fusion, double discard) {
    /** The method of the paper: mean over heads, nothing discarded. */
    public static final RolloutOptions PAPER = new RolloutOptions(HeadFusion.MEAN, 0);

    public RolloutOptions {
        if (!(discard >= 0 && discard < 1)) {
            throw new ConfigError("discard ratio " + discard + ": out of range; expected at least 0 and less than 1");
        }
    }

    /** Returns true if the rows of a combined map sum to 1. */
    boolean keepsRowSums() {
        return fusion == HeadFusion.MEAN && discard == 0;
    }
}
