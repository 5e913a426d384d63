package org.vit4j.train;

import java.util.Locale;
import org.bytedeco.javacpp.Pointer;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;
import org.vit4j.graph.HeadOp;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.Op;
import org.vit4j.graph.Tensor;
import org.vit4j.machine.MemoryLimit;

/**
 * How much memory training will want, told from the graph before anything is allocated.
 *
 * @param weights bytes of weights, gradient and what the optimizer keeps
 * @param activations bytes of what the forward pass leaves for the backward pass
 */
record MemoryEstimate(long weights, long activations) {
    private static final double GB = 1 << 30;

    /** @param kept arrays of the optimizer, each as long as the weights */
    static MemoryEstimate of(Graph graph, int batch, int kept) {
        long elements = graph.tensors().stream()
                .filter(MemoryEstimate::isStored)
                .mapToLong(tensor -> tensor.shape().size())
                .sum();
        return new MemoryEstimate((2L + kept) * Float.BYTES * graph.parameterCount(), Float.BYTES * elements * batch);
    }

    /** What is not its input seen otherwise, nor written over it. */
    private static boolean isStored(Tensor tensor) {
        Op op = tensor.op();
        boolean view = op instanceof Op.Reshape
                || op instanceof Op.Permute
                || op instanceof Op.Slice
                || op instanceof Op.SplitHeads
                || op instanceof Op.MergeHeads
                || op instanceof Op.Input;
        boolean over = op instanceof Op.Softmax
                || op instanceof HeadOp.RelativeBias
                || op instanceof ImageOp.Pad
                || op instanceof Op.AddParameter;
        return !view && !over;
    }

    long bytes() {
        return weights + activations;
    }

    /** @throws ConfigError when it is more than this machine lends */
    void check(String config, int batch) {
        check(config, batch, Math.min(MemoryLimit.bytes(), Pointer.maxPhysicalBytes()));
    }

    void check(String config, int batch, long memory) {
        if (bytes() <= memory) return;
        throw new ConfigError(String.format(
                Locale.ROOT,
                "%s: training at train.batch=%d would take about %.1f GB (%.1f for weights, gradient and optimizer, %.1f for"
                        + " activations), and %.1f can be had; %s",
                config,
                batch,
                bytes() / GB,
                weights / GB,
                activations / GB,
                memory / GB,
                weights > memory ? "take a smaller variant" : "lower train.batch"));
    }
}
