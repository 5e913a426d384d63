package org.vit4j.golden;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.compute.Engine;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Op;
import org.vit4j.graph.Tensor;
import org.vit4j.samediff.Inference;
import org.vit4j.samediff.Parameters;

/** Tensor by tensor, the accelerated engine says what the portable one says: over the graphs of all golden cases. */
class EnginesAgreeTest {
    static Stream<String> cases() throws IOException {
        return GoldenTest.cases();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void onEveryTensor(String name) throws IOException {
        Graph graph = GoldenConfigs.build(GoldenCase.read(GoldenTest.directory().resolve(name)))
                .graph();
        Parameters parameters = new Parameters(graph.weights(), DataType.FLOAT);
        parameters.initialise(3);
        Nd4j.getRandom().setSeed(3);
        parameters
                .trained()
                .addi(Nd4j.randn(DataType.FLOAT, parameters.trained().length()).mul(0.05));
        Map<String, INDArray> inputs = new HashMap<>();
        for (Tensor t : graph.tensors()) {
            if (t.op() instanceof Op.Input)
                inputs.put(t.name(), Nd4j.randn(DataType.FLOAT, t.shape().batched(3)));
        }
        List<String> apart = new ArrayList<>();
        try (Inference accelerated = Engine.ACCELERATED.inference(graph, parameters);
                Inference portable = Engine.PORTABLE.inference(graph, parameters)) {
            for (Tensor t : graph.tensors()) {
                double error = Compare.largest(accelerated.tensor(t.name(), inputs), portable.tensor(t.name(), inputs));
                if (!(error < 2e-5)) apart.add(t + ": " + error);
            }
        }
        assertThat(apart).isEmpty();
    }
}
