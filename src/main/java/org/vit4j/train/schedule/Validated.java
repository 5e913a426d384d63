package org.vit4j.train.schedule;

/** What a finished epoch scored on the validation set. */
public interface Validated {
    double valLoss();

    double valTop1();
}
