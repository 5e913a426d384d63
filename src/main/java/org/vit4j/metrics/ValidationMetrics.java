package org.vit4j.metrics;

/** Loss and accuracy of an epoch on the validation set. */
public interface ValidationMetrics {
    double valLoss();

    double valTop1();
}
