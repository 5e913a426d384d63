package org.vit4j.backend.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Backend;
import org.vit4j.backend.Inference;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.Precision;
import org.vit4j.backend.TestBackends;
import org.vit4j.graph.ArithmeticOp;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.LinearOp;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.analysis.MixedPrecision;
import org.vit4j.run.RunConfig;

/** Arrays of plans with {@link Precision#BF16}: their types, their memory, and what callers get. */
class Bf16ArraysTest {
    private static final int BATCH = 8;

    private final Graph graph =
            RunConfig.open("digits-vit", List.of("model.depth=2")).model().graph();

    private ParameterStore parameters() {
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        parameters.initialize(1);
        return parameters;
    }

    private INDArray images() {
        long[] shape = graph.tensors().iterator().next().shape().batched(BATCH);
        Random random = new Random(1);
        float[] values = new float[(int) StridedArray.product(shape)];
        for (int i = 0; i < values.length; i++) values[i] = (float) random.nextGaussian();
        return Nd4j.createFromArray(values).reshape('c', shape);
    }

    private TensorTypes types(Precision precision, Set<Tensor> requested) {
        Map<Tensor, List<Tensor>> consumers = new HashMap<>();
        for (Tensor t : graph.tensors())
            for (Tensor in : t.inputs())
                consumers.computeIfAbsent(in, any -> new ArrayList<>()).add(t);
        return new TensorTypes(precision, requested, consumers);
    }

    @Test
    void residualSumsAndLogitsAreFloatsAndInputsOfProductsAreNot() {
        TensorTypes types = types(Precision.BF16, Set.of(graph.logits()));
        assertThat(types.of(graph.logits())).isEqualTo(ElementType.F32);
        for (Tensor t : graph.tensors()) {
            if (t.op() instanceof ArithmeticOp.Add) assertThat(types.of(t)).isEqualTo(ElementType.F32);
            if (t.op() instanceof AttentionOp) {
                boolean scores = t.op() instanceof AttentionOp.AttentionScores;
                assertThat(types.of(t)).isEqualTo(scores ? ElementType.F32 : ElementType.BF16);
            }
            if (t.op() instanceof LinearOp.Dense && !MixedPrecision.isHead(t) && t != graph.logits())
                for (Tensor in : t.inputs()) assertThat(types.of(in)).isEqualTo(ElementType.BF16);
        }
    }

    @Test
    void requestedTensorsAndAllTensorsOfFloatNetworksAreFloats() {
        Tensor probs = probs();
        assertThat(types(Precision.BF16, Set.of(probs)).of(probs)).isEqualTo(ElementType.F32);
        assertThat(types(Precision.BF16, Set.of()).of(probs)).isEqualTo(ElementType.BF16);
        TensorTypes floats = types(Precision.FP32, Set.of());
        assertThat(graph.tensors()).allMatch(t -> floats.of(t) == ElementType.F32);
    }

    private Tensor probs() {
        return graph.tensors().stream()
                .filter(t -> t.op() instanceof AttentionOp.Softmax)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void callersGetFloatsOfTensorsInsideTheNetwork() {
        ParameterStore parameters = parameters();
        String name = probs().name();
        INDArray images = images();
        try (Inference rounded = TestBackends.bf16().inference(graph, parameters);
                Inference exact = Backend.ONEDNN.inference(graph, parameters)) {
            INDArray actual = rounded.tensor(name, Map.of("image", images));
            INDArray expected = exact.tensor(name, Map.of("image", images));
            assertThat(actual.dataType()).isEqualTo(DataType.FLOAT);
            double distance = actual.sub(expected).amaxNumber().doubleValue();
            assertThat(distance / expected.amaxNumber().doubleValue())
                    .isPositive()
                    .isLessThan(2e-2);
            assertThat(actual.sum(-1).sub(1).amaxNumber().doubleValue()).isCloseTo(0, within(1e-5));
        }
    }
}
