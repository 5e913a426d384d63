package org.vit4j.train;

import java.util.Locale;
import org.bytedeco.javacpp.Pointer;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.analysis.MemoryEstimate;
import org.vit4j.machine.MemoryLimit;

/** Rejects trainings that do not fit into the memory of the machine, before they start. */
public final class MemoryCheck {
    private static final double GB = 1 << 30;

    private MemoryCheck() {}

    /** @throws ConfigError if the estimate exceeds the memory available to this process */
    public static void check(MemoryEstimate estimate, String config, int batch) {
        check(estimate, config, batch, Math.min(MemoryLimit.bytes(), Pointer.maxPhysicalBytes()));
    }

    static void check(MemoryEstimate estimate, String config, int batch, long memory) {
        if (estimate.bytes() <= memory) return;
        throw new ConfigError(String.format(
                Locale.ROOT,
                "%s: training with train.batch=%d needs about %.1f GB (%.1f for weights, gradient and optimizer, %.1f"
                        + " for activations), but %.1f GB are available; %s",
                config,
                batch,
                estimate.bytes() / GB,
                estimate.weights() / GB,
                estimate.activations() / GB,
                memory / GB,
                estimate.weights() > memory ? "use a smaller variant" : "lower train.batch"));
    }
}
