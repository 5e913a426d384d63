package org.vit4j.optim;

/** What a finished epoch scored on the validation set. */
public interface ValidationMetrics {
    double valLoss();

    double valTop1();
}
