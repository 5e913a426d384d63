package org.vit4j.graph.analysis;

import java.util.function.ToLongFunction;
import org.vit4j.graph.ArithmeticOp;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.DropOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.LayoutOp;
import org.vit4j.graph.LinearOp;
import org.vit4j.graph.NormOp;
import org.vit4j.graph.Op;
import org.vit4j.graph.ParameterOp;
import org.vit4j.graph.Tensor;

/**
 * Estimated memory of training, computed from the graph before anything is allocated.
 *
 * @param weights bytes of parameters, gradient and optimizer state
 * @param activations bytes of the activations that the forward pass stores for the backward pass
 */
public record MemoryEstimate(long weights, long activations) {
    /**
     * Estimate in float32.
     *
     * @param optimizerArrays number of optimizer arrays, each as long as the parameters
     */
    public static MemoryEstimate of(Graph graph, int batch, int optimizerArrays) {
        return of(graph, batch, optimizerArrays, tensor -> Float.BYTES, 0);
    }

    /** Estimate with activations and copies of the parameters in bfloat16; see {@link MixedPrecision}. */
    public static MemoryEstimate ofMixedPrecision(Graph graph, int batch, int optimizerArrays) {
        MixedPrecision mixed = MixedPrecision.of(graph.tensors(), graph.logits());
        return of(
                graph,
                batch,
                optimizerArrays,
                tensor -> mixed.isBfloat16(tensor) ? Short.BYTES : Float.BYTES,
                Short.BYTES);
    }

    private static MemoryEstimate of(
            Graph graph, int batch, int optimizerArrays, ToLongFunction<Tensor> elementBytes, int copyBytes) {
        Storage storage = new Storage();
        // In double, which becomes the largest number instead of a negative one if it does not fit.
        double perImage = graph.tensors().stream()
                .filter(tensor -> tensor.accept(storage))
                .mapToDouble(tensor -> (double) tensor.shape().size() * elementBytes.applyAsLong(tensor))
                .sum();
        double perParameter = (2.0 + optimizerArrays) * Float.BYTES + copyBytes;
        return new MemoryEstimate((long) (perParameter * graph.parameterCount()), (long) (perImage * batch));
    }

    /** All memory; {@link Long#MAX_VALUE} if it is more. */
    public long bytes() {
        return (long) ((double) weights + activations);
    }

    /** Returns true if a tensor has memory of its own: neither a view of its input nor computed in place. */
    private static final class Storage implements ThemeVisitor<Boolean> {
        @Override
        public Boolean input(Tensor t, Op.Input op) {
            return false;
        }

        @Override
        public Boolean linear(Tensor t, LinearOp op) {
            return true;
        }

        @Override
        public Boolean norm(Tensor t, NormOp op) {
            return true;
        }

        @Override
        public Boolean parameter(Tensor t, ParameterOp op) {
            return true;
        }

        @Override
        public Boolean addParameter(Tensor t, ParameterOp.AddParameter op) {
            return false; // in place
        }

        @Override
        public Boolean arithmetic(Tensor t, ArithmeticOp op) {
            return true;
        }

        /** Views of the input. */
        @Override
        public Boolean layout(Tensor t, LayoutOp op) {
            return false;
        }

        @Override
        public Boolean concat(Tensor t, LayoutOp.Concat op) {
            return true;
        }

        @Override
        public Boolean attention(Tensor t, AttentionOp op) {
            return true;
        }

        /** Overwritten by the softmax. */
        @Override
        public Boolean attentionScores(Tensor t, AttentionOp.AttentionScores op) {
            return false;
        }

        @Override
        public Boolean relativeBias(Tensor t, AttentionOp.RelativeBias op) {
            return false; // in place
        }

        @Override
        public Boolean image(Tensor t, ImageOp op) {
            return true;
        }

        @Override
        public Boolean pad(Tensor t, ImageOp.Pad op) {
            return false; // by the following convolution
        }

        @Override
        public Boolean drop(Tensor t, DropOp op) {
            return true;
        }
    }
}
