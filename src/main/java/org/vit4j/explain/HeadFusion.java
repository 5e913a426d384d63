package org.vit4j.explain;

import java.util.Locale;
import java.util.function.DoubleBinaryOperator;

/** Combination of the attention maps of all heads of a layer, element by element, as in vit-explain. */
public enum HeadFusion {
    /** Mean over heads, as in the rollout paper. */
    MEAN(Double::sum),
    /** Largest value of any head. */
    MAX(Math::max),
    /** Smallest value of any head: only what all heads attend to remains. */
    MIN(Math::min);

    @SuppressWarnings("ImmutableEnumChecker") // method references without state
    private final DoubleBinaryOperator combine;

    HeadFusion(DoubleBinaryOperator combine) {
        this.combine = combine;
    }

    /** Returns the name on the command line. */
    public String cliName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Combines the values of one element, one per head. */
    double of(double[] heads) {
        double result = heads[0];
        for (int h = 1; h < heads.length; h++) result = combine.applyAsDouble(result, heads[h]);
        return this == MEAN ? result / heads.length : result;
    }
}
