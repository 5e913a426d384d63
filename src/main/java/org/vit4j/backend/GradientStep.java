package org.vit4j.backend;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Computes a loss and its gradients with respect to the trainable parameters, one batch per run. The results of a run
 * are valid until the next run. Not thread-safe.
 */
public interface GradientStep extends AutoCloseable {
    /**
     * The loss and the outputs of a step.
     *
     * @param loss makes the scalar to differentiate; composed of basic ops, or a SameDiff loss op without further
     *     scaling (the gradient of those ops ignores the gradient of their output)
     * @param tensors tensors whose values are outputs too
     * @param gradientsOf tensors whose gradients are outputs too
     * @param frozen parameters without a gradient: ops needed only for it are skipped, and it is reported as 0
     */
    record GradientSpec(
            Function<LossInputs, SDVariable> loss, List<String> tensors, List<String> gradientsOf, Set<String> frozen) {
        public GradientSpec(Function<LossInputs, SDVariable> loss, List<String> tensors) {
            this(loss, tensors, List.of(), Set.of());
        }

        public GradientSpec(Function<LossInputs, SDVariable> loss, List<String> tensors, List<String> gradientsOf) {
            this(loss, tensors, gradientsOf, Set.of());
        }
    }

    /** Random masks that the inputs of every run must contain; see {@link DropMask}. */
    List<DropMask> masks();

    /**
     * Returns true if the image input may be of type BYTE from now on, which this step then normalizes where it computes. The bytes
     * are unsigned.
     *
     * @param table normalized values, [C * 256], by channel and byte
     */
    default boolean normalizesBytes(float[] table) {
        return false;
    }

    /**
     * Computes the loss, the requested tensors and the gradients.
     *
     * @param inputs inputs of the network, its masks and placeholders of the loss by name, [B, ..] each
     */
    void run(Map<String, INDArray> inputs);

    /** The loss of the last run. */
    double loss();

    /** Computes the loss without gradients; invalidates the results of {@link #run}. */
    double forwardLoss(Map<String, INDArray> inputs);

    /** The value of a requested tensor, [B, ..] or with flattened rows, [B * T, D]. */
    INDArray tensor(String name);

    /** The gradient with respect to a requested tensor. */
    INDArray gradientOfTensor(String tensor);

    /**
     * The gradient with respect to all trainable parameters, in the order of {@link ParameterStore#trainable}, where the
     * backend computes. Every run returns the same array; callers may overwrite it. The next run or {@link #forwardLoss} may use
     * its memory for other arrays as soon as it begins. 0 for parameters that are frozen or do not
     * affect the loss.
     */
    default FlatArray gradient() {
        return FlatArray.of(flatGradient());
    }

    /** The values of {@link #gradient} on the host: the same memory if it is there, otherwise a copy of the last run's. */
    INDArray flatGradient();

    /** The part of {@link #flatGradient} that belongs to a parameter, on the host; 0 when the loss does not depend on it. */
    INDArray gradientOf(String parameter);

    /** Updates the running statistics of batch norms by those of the last run's batch. */
    void updateStatistics();

    /** Time per kind of op over {@code runs} runs, forward and backward, largest first. */
    List<OpTime> profile(Map<String, INDArray> inputs, int runs);

    /** Bytes of memory for runs, without the parameters and their gradient. */
    long bytes();

    @Override
    void close();
}
