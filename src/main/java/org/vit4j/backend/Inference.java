package org.vit4j.backend;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.graph.Graph;

/**
 * Forward passes of a graph over live parameters. Thread-safe.
 *
 * <p>On the oneDNN backend, calls from several threads run at the same time as long as the sum of their threads does not
 * exceed the processors; further calls wait. By default a call uses all processors, which gives the shortest time per
 * call. For the highest number of images per second, call from one thread per processor, each of which has called {@code
 * CpuThreads.use(1)}, or set {@code OMP_NUM_THREADS=1}. Weights are in memory once, temporaries once per concurrent call.
 * On the SameDiff backend, calls run one after the other.
 *
 * <p>Inputs must not be changed or closed before a call returns: kernels may read them from where they are.
 *
 * <p>On the oneDNN and SameDiff backends {@link #close} waits for running calls, and a call after it throws {@link
 * IllegalStateException}; on the libtorch backend no call may be running.
 */
public interface Inference extends AutoCloseable {
    Graph graph();

    /**
     * Computes any tensor of the graph from its inputs by name; the caller owns the result.
     *
     * @throws IllegalArgumentException if the graph has no tensor of that name, or an input has an unexpected shape
     */
    INDArray tensor(String name, Map<String, INDArray> inputs);

    /** Computes several tensors in one pass, by name; the caller owns the results. */
    Map<String, INDArray> tensors(List<String> names, Map<String, INDArray> inputs);

    /** Computes a tensor of a graph with one input, [B, H, W, C]. */
    default INDArray tensor(String name, INDArray images) {
        return tensor(name, Map.of(input(), images));
    }

    /** The name of the first input. */
    default String input() {
        return graph().input().name();
    }

    /** Computes the logits, [B, H, W, C] -> [B, K]; the caller owns the result. */
    default INDArray logits(INDArray images) {
        return tensor(graph().logits().name(), images);
    }

    /**
     * Computes the logits, [B, H, W, C] -> [B][K]. Faster than {@link #logits} for few images: ND4J takes up to 0.3 ms to create an
     * array between two passes, when the code and data for that are in no cache.
     *
     * @throws IllegalArgumentException if the images have an unexpected shape
     */
    default float[][] logitValues(INDArray images) {
        try (INDArray logits = logits(images)) {
            return logits.toFloatMatrix();
        }
    }

    /** Time per kind of op over {@code runs} passes to the logits, largest first. */
    List<OpTime> profile(INDArray images, int runs);

    @Override
    void close();

    /** Returns the batch size. @throws IllegalArgumentException if an input has another shape than the graph's */
    static long checkedBatchSize(Graph graph, Map<String, INDArray> inputs) {
        if (inputs.isEmpty())
            throw new IllegalArgumentException("missing input " + graph.input().name());
        long batch = inputs.values().iterator().next().size(0);
        if (batch == 0) throw new IllegalArgumentException("expected at least one image");
        inputs.forEach((name, array) -> {
            long[] expected = graph.tensor(name).shape().batched(batch);
            if (Arrays.equals(expected, array.shape())) return;
            throw new IllegalArgumentException(
                    name + ": expected " + Arrays.toString(expected) + ", got " + Arrays.toString(array.shape()));
        });
        return batch;
    }
}
