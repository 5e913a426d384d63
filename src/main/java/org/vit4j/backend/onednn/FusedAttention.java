package org.vit4j.backend.onednn;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.vit4j.graph.Tensor;

/**
 * Attention that is computed in blocks, from the scores to a weighted sum.
 *
 * @param maps in the order of computation: scores to probabilities, which are not lowered as a whole
 * @param recomputed whether the backward pass computes the maps and the weighted sum again
 */
record FusedAttention(List<Tensor> maps, boolean recomputed) {
    /** Passes of a training step, each with the multiplications of one: forward, gradients of inputs, gradients of weights. */
    private static final int PASSES = 3;

    /** Largest part of a step's multiplications for which attention is computed again; it saves a tenth of ViT-B's memory. */
    private static final double MAX_PART = 0.02;

    /** Returns true if maps of a batch do not fit the cache; keeping smaller ones is faster and takes little memory. */
    static boolean isLarge(List<Tensor> maps, long batch) {
        return batch * maps.get(0).shape().size() > AttentionBlock.SIZE;
    }

    /**
     * Returns true if attention takes few multiplications in comparison with the dense layers, so that computing it again hardly
     * takes time.
     *
     * @param attentions maps by weighted sum
     * @param network all tensors
     */
    static boolean isCheap(Map<Tensor, List<Tensor>> attentions, Collection<Tensor> network) {
        long again = 0;
        for (Map.Entry<Tensor, List<Tensor>> attention : attentions.entrySet()) {
            again += attention.getKey().macs();
            for (Tensor map : attention.getValue()) again += map.macs();
        }
        return again
                <= MAX_PART * PASSES * network.stream().mapToLong(Tensor::macs).sum();
    }
}
