package org.vit4j.backend;

/** Purpose of an executed graph; dropout is active in both training modes only. */
public enum Mode {
    INFERENCE,
    TRAINING,
    /** Training with frozen batch norm: running statistics are used and not updated. */
    FINE_TUNING
}
