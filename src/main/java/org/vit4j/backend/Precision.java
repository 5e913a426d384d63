package org.vit4j.backend;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Arithmetic of matrix products and convolutions. Parameters, their gradients and optimizers are float32, and all other
 * operations compute in float32, with each value.
 */
public enum Precision {
    /** Float32. */
    FP32,
    /** Factors are rounded to TF32: the exponents of float32 with 10 bits of fraction. Requires a GPU. */
    TF32,
    /**
     * Factors are rounded to bfloat16, sums are float32. The oneDNN backend also stores activations and their gradients in
     * bfloat16; it requires a processor with AMX or AVX-512 BF16.
     */
    BF16;

    /** Finds a precision by its word in configs. @throws IllegalArgumentException if there is none */
    public static Precision named(String word) {
        return Arrays.stream(values())
                .filter(precision -> precision.configName().equals(word))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "unknown precision '" + word + "'; known: " + String.join(", ", configNames())));
    }

    /** The words for all precisions. */
    public static List<String> configNames() {
        return Arrays.stream(values()).map(Precision::configName).toList();
    }

    /** The word for this precision in configs, options and results. */
    public String configName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
