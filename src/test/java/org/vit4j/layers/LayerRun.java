package org.vit4j.layers;

import java.util.List;
import java.util.Map;
import java.util.Random;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Backend;
import org.vit4j.backend.Inference;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;

/** A layer with random parameters, run on the SameDiff backend with a batch of one. */
final class LayerRun {
    private final Graph graph = new Graph(Init.PYTORCH);
    private final ParameterStore parameters;

    /** @param layer builds the layer in a graph with the input {@code x} of the shape {@code dims} */
    LayerRun(TestedLayer layer, int... dims) {
        graph.output("logits", layer.build(graph, graph.input("x", dims)));
        parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        parameters.initialize(7);
    }

    /** Layer of one input. */
    interface TestedLayer {
        Tensor build(Graph g, Tensor x);
    }

    Graph graph() {
        return graph;
    }

    List<String> parameterNames() {
        return graph.parameters().stream().map(parameter -> parameter.name()).toList();
    }

    float[] parameter(String name) {
        return parameters.values(name);
    }

    LayerRun set(String name, float... values) {
        parameters.set(name, values);
        return this;
    }

    /** Copies all parameters that the other layer has, too. */
    LayerRun copyFrom(LayerRun other) {
        for (String name : parameterNames()) {
            if (other.parameterNames().contains(name)) set(name, other.parameter(name));
        }
        return this;
    }

    /** Returns the output for these values of the input, in row-major order. */
    float[] run(float[] x) {
        return tensor("logits", x);
    }

    /** Returns a tensor of the graph; {@code logits} is the output. */
    float[] tensor(String name, float[] x) {
        Tensor tensor = name.equals("logits") ? graph.outputs().get(name) : graph.tensor(name);
        List<Integer> dims = graph.tensor("x").shape().dims();
        long[] batch = new long[dims.size() + 1];
        batch[0] = 1;
        for (int i = 0; i < dims.size(); i++) batch[i + 1] = dims.get(i);
        try (Inference inference = Backend.SAMEDIFF.inference(graph, parameters);
                INDArray input = Nd4j.create(x).reshape(batch)) {
            return inference
                    .tensor(tensor.name(), Map.of("x", input))
                    .reshape(-1)
                    .toFloatVector();
        }
    }

    /** Values of a standard normal distribution, the same for the same seed. */
    static float[] normal(int count, long seed) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) values[i] = (float) random.nextGaussian();
        return values;
    }

    /** The rows of a matrix in another order. */
    static float[] permuted(float[] rows, int width, int... order) {
        float[] out = new float[rows.length];
        for (int i = 0; i < order.length; i++) System.arraycopy(rows, order[i] * width, out, i * width, width);
        return out;
    }

    static float[] identity(int size) {
        float[] matrix = new float[size * size];
        for (int i = 0; i < size; i++) matrix[i * size + i] = 1;
        return matrix;
    }
}
