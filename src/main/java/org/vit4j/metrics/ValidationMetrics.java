package org.vit4j.metrics;

import java.util.Map;

/** Loss and accuracy of an epoch on the validation set. */
public interface ValidationMetrics {
    double valLoss();

    double valTop1();

    /** Values of further metrics, by name. */
    default Map<String, Double> metrics() {
        return Map.of();
    }
}
