package org.vit4j.train;

import java.util.Locale;
import org.bytedeco.javacpp.Pointer;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.LayoutOp;
import org.vit4j.graph.Op;
import org.vit4j.graph.ParameterOp;
import org.vit4j.graph.Tensor;
import org.vit4j.machine.MemoryLimit;

/**
 * Estimated memory of training, computed from the graph before anything is allocated.
 *
 * @param weights bytes of parameters, gradient and optimizer state
 * @param activations bytes of the activations that the forward pass stores for the backward pass
 */
public record MemoryEstimate(long weights, long activations) {
    private static final double GB = 1 << 30;

    /** @param optimizerArrays number of optimizer arrays, each as long as the parameters */
    public static MemoryEstimate of(Graph graph, int batch, int optimizerArrays) {
        long elements = graph.tensors().stream()
                .filter(MemoryEstimate::isStored)
                .mapToLong(tensor -> tensor.shape().size())
                .sum();
        return new MemoryEstimate(
                (2L + optimizerArrays) * Float.BYTES * graph.parameterCount(), Float.BYTES * elements * batch);
    }

    /** Returns true if a tensor has memory of its own: neither a view of its input nor computed in place. */
    private static boolean isStored(Tensor tensor) {
        Op op = tensor.op();
        boolean view = op instanceof LayoutOp.Reshape
                || op instanceof LayoutOp.Permute
                || op instanceof LayoutOp.Slice
                || op instanceof LayoutOp.SplitHeads
                || op instanceof LayoutOp.MergeHeads
                || op instanceof Op.Input;
        boolean inPlace = op instanceof AttentionOp.Softmax
                || op instanceof AttentionOp.RelativeBias
                || op instanceof ImageOp.Pad
                || op instanceof ParameterOp.AddParameter;
        return !view && !inPlace;
    }

    long bytes() {
        return weights + activations;
    }

    /** @throws ConfigError if the estimate exceeds the memory available to this process */
    public void check(String config, int batch) {
        check(config, batch, Math.min(MemoryLimit.bytes(), Pointer.maxPhysicalBytes()));
    }

    void check(String config, int batch, long memory) {
        if (bytes() <= memory) return;
        throw new ConfigError(String.format(
                Locale.ROOT,
                "%s: training with train.batch=%d needs about %.1f GB (%.1f for weights, gradient and optimizer, %.1f"
                        + " for activations), but %.1f GB are available; %s",
                config,
                batch,
                bytes() / GB,
                weights / GB,
                activations / GB,
                memory / GB,
                weights > memory ? "use a smaller variant" : "lower train.batch"));
    }
}
