package org.vit4j.keras;

/** Provides parameter values by vit4j name. */
@FunctionalInterface
public interface WeightSource {
    /** Returns the values in row-major order. The caller may modify the array. */
    float[] values(String name);
}
