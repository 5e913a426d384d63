package org.vit4j.backend.samediff;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Backend;
import org.vit4j.backend.Inference;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;

/** Relative position bias on a grid of unequal sides: the lookup by rows and columns equals the lookup by index. */
class RelativeBiasTest {
    private static final int HEADS = 2;
    private static final float FACTOR = 3;

    @ParameterizedTest
    @MethodSource("org.vit4j.backend.TestBackends#available")
    void everyScoreGetsTheBiasOfItsOffset(Backend backend) {
        AttentionOp.RelativeBias bias = new AttentionOp.RelativeBias(3, 5, 2, FACTOR, new Init.NormalInit(1));
        Graph graph = new Graph(Init.PYTORCH);
        graph.output("logits", graph.relativeBias("table", graph.input("x", HEADS, 6, 15), bias));
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        parameters.initialize(1);
        float[] table = parameters.values("table"); // [H, 3 * 5]
        int[] index = bias.index();
        try (Inference inference = backend.inference(graph, parameters);
                INDArray zeros = Nd4j.zeros(DataType.FLOAT, 1, HEADS, 6, 15)) {
            float[] found = inference
                    .tensor("table.added", Map.of("x", zeros))
                    .reshape(-1)
                    .toFloatVector();
            for (int i = 0; i < found.length; i++) {
                int head = i / index.length;
                assertThat(found[i]).isEqualTo(FACTOR * table[head * bias.offsets() + index[i % index.length]]);
            }
        }
    }
}
