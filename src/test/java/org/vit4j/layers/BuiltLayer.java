package org.vit4j.layers;

import java.util.Arrays;
import java.util.Map;
import java.util.function.BiFunction;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Backend;
import org.vit4j.backend.Inference;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;

/** A layer over one input, with random weights, ready to compute. */
final class BuiltLayer {
    private final Graph graph = new Graph(Init.PYTORCH);
    private final Tensor output;
    private final ParameterStore parameters;

    BuiltLayer(BiFunction<Graph, Tensor, Tensor> layer, int... input) {
        output = layer.apply(graph, graph.input("x", input));
        graph.output("logits", output);
        parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        parameters.initialize(3);
    }

    /** Sets all values of a parameter. */
    BuiltLayer fill(String parameter, double value) {
        parameters.array(parameter).assign(value);
        return this;
    }

    /** Sets a parameter. */
    BuiltLayer set(String parameter, INDArray values) {
        parameters.array(parameter).assign(values);
        return this;
    }

    /** Gives a layer the parameters of another that has the same names. */
    BuiltLayer copyFrom(BuiltLayer other) {
        other.graph.parameters().forEach(p -> set(p.name(), other.parameters.array(p.name())));
        return this;
    }

    /** Output for an input without the batch axis. */
    INDArray run(INDArray x) {
        return tensor(output.name(), x);
    }

    /** Any tensor of the layer. */
    INDArray tensor(String name, INDArray x) {
        long[] batched = new long[x.rank() + 1];
        batched[0] = 1;
        System.arraycopy(x.shape(), 0, batched, 1, x.rank());
        try (Inference inference = Backend.SAMEDIFF.inference(graph, parameters)) {
            INDArray y = inference.tensor(name, Map.of("x", x.reshape(batched)));
            return y.reshape(Arrays.copyOfRange(y.shape(), 1, y.rank()));
        }
    }

    static INDArray random(long... shape) {
        Nd4j.getRandom().setSeed(5);
        return Nd4j.randn(DataType.FLOAT, shape);
    }
}
