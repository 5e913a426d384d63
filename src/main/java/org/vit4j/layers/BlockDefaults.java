package org.vit4j.layers;

import java.util.OptionalInt;

/**
 * Default values of the keys that a transformer block reads. Each reader of a network passes its own, because reference
 * implementations differ.
 *
 * @param headDim default of {@code head_dim}; if empty, heads divide the width of the tokens and {@code head_dim} can
 *     have no other value
 */
public record BlockDefaults(int heads, OptionalInt headDim, double mlpRatio, boolean qkvBias, double normEps) {

    /** Defaults for heads that divide the width of the tokens. */
    public static BlockDefaults dividing(int heads, double mlpRatio, boolean qkvBias, double normEps) {
        return new BlockDefaults(heads, OptionalInt.empty(), mlpRatio, qkvBias, normEps);
    }

    /** Defaults for heads of any width. */
    public static BlockDefaults free(int heads, int headDim, double mlpRatio, boolean qkvBias, double normEps) {
        return new BlockDefaults(heads, OptionalInt.of(headDim), mlpRatio, qkvBias, normEps);
    }
}
