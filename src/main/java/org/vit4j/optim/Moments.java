package org.vit4j.optim;

import java.util.Map;
import org.vit4j.backend.FlatArray;
import org.vit4j.backend.FlatArray.AdamSettings;

/** First and second moments, used by Adam, AdamW and LAMB. */
record Moments(FlatArray m, FlatArray v, AdamSettings settings) {
    Moments(FlatArray parameters, double beta1, double beta2, double eps) {
        this(parameters.zeros(), parameters.zeros(), new AdamSettings(beta1, beta2, eps));
    }

    Map<String, FlatArray> arrays() {
        return Map.of("m", m, "v", v);
    }

    /**
     * Replaces the gradient by {@code m' / (sqrt(v') + eps)}, where m' and v' are the bias-corrected moments.
     *
     * @param stepsBefore number of steps before this one
     */
    void direction(FlatArray gradient, int stepsBefore) {
        gradient.adam(m, v, settings, 1, stepsBefore);
    }
}
