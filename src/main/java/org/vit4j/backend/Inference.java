package org.vit4j.backend;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Op;
import org.vit4j.graph.Tensor;

/** Forward passes of a graph over live parameters. Calls from several threads wait for each other. */
public interface Inference extends AutoCloseable {
    Graph graph();

    /**
     * Any tensor of the graph from its inputs, by name; the result is the caller's.
     *
     * @throws IllegalArgumentException when the graph has no tensor of that name, or an input has another shape
     */
    INDArray tensor(String name, Map<String, INDArray> inputs);

    /** Several tensors of one pass, by name; the results are the caller's. */
    Map<String, INDArray> tensors(List<String> names, Map<String, INDArray> inputs);

    /** The same for a graph with one input, [B, H, W, C]. */
    default INDArray tensor(String name, INDArray images) {
        return tensor(name, Map.of(input(), images));
    }

    /** The name of the first input. */
    default String input() {
        return graph().tensors().stream()
                .filter(tensor -> tensor.op() instanceof Op.Input)
                .map(Tensor::name)
                .findFirst()
                .orElseThrow();
    }

    /** [B, H, W, C] -> [B, K]; the result is the caller's. */
    default INDArray logits(INDArray images) {
        return tensor(graph().outputs().get("logits").name(), images);
    }

    /** What each kind of op costs in so many passes to the logits, the dearest first. */
    List<OpTime> profile(INDArray images, int runs);

    @Override
    void close();

    /** The size of the batch. @throws IllegalArgumentException when an input has another shape than the graph says */
    static long check(Graph graph, Map<String, INDArray> inputs) {
        long batch = inputs.values().iterator().next().size(0);
        inputs.forEach((name, array) -> {
            long[] expected = graph.tensor(name).shape().batched(batch);
            if (Arrays.equals(expected, array.shape())) return;
            throw new IllegalArgumentException(
                    name + ": expected " + Arrays.toString(expected) + ", got " + Arrays.toString(array.shape()));
        });
        return batch;
    }
}
