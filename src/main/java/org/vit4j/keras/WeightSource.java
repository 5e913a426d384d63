package org.vit4j.keras;

/** Where the values of weights come from, by our names. */
@FunctionalInterface
public interface WeightSource {
    /** Row by row; the array is the caller's to keep. */
    float[] values(String name);
}
