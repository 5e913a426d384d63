package org.vit4j.backend;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.samediff.SameDiffGraph;

/**
 * A loss and its gradient by every trained weight, batch after batch. What a run leaves is read before the next one. For
 * one thread.
 */
public interface GradientStep extends AutoCloseable {
    /**
     * What is wanted.
     *
     * @param loss makes the scalar to differentiate; composed, or a loss op that nothing scales (their gradient ignores
     *     what comes from above)
     * @param tensors whose values are wanted too
     * @param gradientsOf tensors that the gradient is wanted by too
     * @param frozen weights that no gradient is wanted by: what only they need is not computed, their part is 0
     */
    record GradientSpec(
            Function<LossInputs, SDVariable> loss, List<String> tensors, List<String> gradientsOf, Set<String> frozen) {
        public GradientSpec(Function<LossInputs, SDVariable> loss, List<String> tensors) {
            this(loss, tensors, List.of(), Set.of());
        }

        public GradientSpec(Function<LossInputs, SDVariable> loss, List<String> tensors, List<String> by) {
            this(loss, tensors, by, Set.of());
        }
    }

    /** Random masks that every run wants among its inputs; see {@link SameDiffGraph.DropMask}. */
    List<SameDiffGraph.DropMask> masks();

    /** @param inputs of the network, its masks, and placeholders of the loss, by name; the batch in front */
    void run(Map<String, INDArray> inputs);

    double loss();

    /** The loss of other inputs, without any gradient; leaves what {@link #run} left undefined. */
    double forwardLoss(Map<String, INDArray> inputs);

    /** A wanted tensor, [B, ..] or with its rows flattened. */
    INDArray tensor(String name);

    /** The gradient by a tensor that was asked for. */
    INDArray gradientOfTensor(String tensor);

    /**
     * The gradient by all trained weights, in the order of {@link ParameterStore#trainable}; the same array after every run, which
     * may be written over. Zeros for what is frozen or takes no part in the loss.
     */
    INDArray flatGradient();

    /** The part of {@link #flatGradient} that belongs to a weight; zeros when the loss does not depend on it. */
    INDArray gradientOf(String weight);

    /** Moves the running statistics of batch normalizations towards those of the batch that was run. */
    void updateStatistics();

    /** What each kind of op costs in so many runs, forward and backward, the dearest first. */
    List<OpTime> profile(Map<String, INDArray> inputs, int runs);

    /** Bytes of memory that runs use besides the weights and their gradient. */
    long bytes();

    @Override
    void close();
}
