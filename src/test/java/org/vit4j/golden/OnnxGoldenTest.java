package org.vit4j.golden;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Inference;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.samediff.SameDiffInference;
import org.vit4j.checkpoint.CheckpointLayout;
import org.vit4j.checkpoint.SafeTensors;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Tensor;
import org.vit4j.onnx.OnnxCheckFiles;
import org.vit4j.onnx.OnnxRun;

/**
 * Every golden case as ONNX model with the reference's weights: ONNX Runtime against the SameDiff backend, with batches
 * of one and three examples on the same file. {@code -Dgoldens=DIR} is the directory of the cases.
 */
class OnnxGoldenTest {
    /** Limit of the largest difference over the largest output. */
    private static final double LIMIT = 1e-5;

    private static final Map<String, Double> WORST = new TreeMap<>();

    static Stream<String> cases() throws IOException {
        return GoldenTest.cases();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void onnxRuntimeAgreesWithSameDiff(String name) throws Exception {
        GoldenCase golden = GoldenCase.read(GoldenTest.directory().resolve(name));
        GoldenGraph built = GoldenConfigs.build(golden);
        Graph graph = built.graph();
        ParameterStore parameters = parameters(golden, built);
        boolean network = graph.outputs().containsKey("logits");
        Map<String, Tensor> outputs = network ? Map.of("logits", graph.outputs().get("logits")) : graph.outputs();
        Map<String, INDArray> inputs = inputs(golden, built);
        Map<String, INDArray> expected = new HashMap<>();
        try (Inference inference = new SameDiffInference(graph, parameters)) {
            outputs.forEach((output, tensor) -> expected.put(output, inference.tensor(tensor.name(), inputs)));
        }
        Path file = network
                ? network(golden, built, parameters, expected.get("logits"))
                : OnnxCheckFiles.part(name, graph, outputs, parameters);
        try (OnnxRun session = OnnxRun.open(file)) {
            for (long batch : new long[] {1, 3}) {
                Map<String, INDArray> some = first(inputs, batch);
                Map<String, INDArray> results = session.run(network ? channelsFirst(some) : some);
                for (Map.Entry<String, INDArray> output : first(expected, batch).entrySet()) {
                    INDArray actual = results.get(output.getKey());
                    assertThat(actual.shape()).isEqualTo(output.getValue().shape());
                    double error = Compare.largest(actual, output.getValue());
                    if (error >= LIMIT) {
                        error = Compare.largest(actual, exact(graph, parameters, outputs.get(output.getKey()), some));
                    }
                    updateWorst(golden, error);
                    assertThat(error).as(output.getKey() + " of " + batch).isLessThan(LIMIT);
                }
            }
        }
    }

    /** Writes the model with expected logits for the external check: those of the reference if it has them. */
    private static Path network(GoldenCase golden, GoldenGraph built, ParameterStore parameters, INDArray computed)
            throws IOException {
        Tensor logits = built.graph().outputs().get("logits");
        INDArray expected = computed;
        for (Map.Entry<String, String> output : built.evaluated().entrySet()) {
            String stored = output.getKey() + "_eval";
            if (output.getValue().equals(logits.name()) && golden.io().containsKey(stored)) {
                expected = golden.inGraphLayout(stored, logits.shape());
            }
        }
        return OnnxCheckFiles.network(golden.name(), built.graph(), parameters, golden.tensor("input"), expected);
    }

    static ParameterStore parameters(GoldenCase golden, GoldenGraph built) {
        ParameterStore parameters = new ParameterStore(built.graph().parameters(), DataType.FLOAT);
        for (Parameter weight : built.graph().parameters()) {
            CheckpointLayout layout = CheckpointLayout.of(weight, built.keys());
            SafeTensors.NamedValues array = golden.weights().get(layout.key());
            parameters.set(weight.name(), layout.toModel(array.shape(), array.values()));
        }
        return parameters;
    }

    /**
     * Output in double precision, used as reference if the rounding errors of both runtimes together exceed the limit:
     * for levit_s_d1 SameDiff has an error of 1.3e-5, ONNX Runtime 0.9e-5.
     */
    private static INDArray exact(Graph graph, ParameterStore parameters, Tensor output, Map<String, INDArray> inputs) {
        ParameterStore doubles = new ParameterStore(graph.parameters(), DataType.DOUBLE);
        for (Parameter weight : graph.parameters()) doubles.set(weight.name(), parameters.values(weight.name()));
        Map<String, INDArray> wide = new HashMap<>();
        inputs.forEach((name, array) -> wide.put(name, array.castTo(DataType.DOUBLE)));
        try (Inference inference = new SameDiffInference(graph, doubles)) {
            return inference.tensor(output.name(), wide);
        }
    }

    private static Map<String, INDArray> inputs(GoldenCase golden, GoldenGraph built) {
        Map<String, INDArray> inputs = new LinkedHashMap<>();
        built.inputs().forEach((input, tensor) -> {
            inputs.put(
                    tensor,
                    golden.inGraphLayout(input, built.graph().tensor(tensor).shape()));
        });
        return inputs;
    }

    /** The first examples of each array, repeated if there are too few. */
    private static Map<String, INDArray> first(Map<String, INDArray> arrays, long batch) {
        Map<String, INDArray> some = new HashMap<>();
        arrays.forEach((name, array) -> {
            INDArray[] rows = new INDArray[(int) batch];
            for (int i = 0; i < batch; i++)
                rows[i] = array.slice(i % array.size(0)).dup('c');
            some.put(name, Nd4j.stack(0, rows));
        });
        return some;
    }

    private static Map<String, INDArray> channelsFirst(Map<String, INDArray> images) {
        return Map.of(
                "images", images.values().iterator().next().permute(0, 3, 1, 2).dup('c'));
    }

    private static void updateWorst(GoldenCase golden, double error) {
        String flavor = golden.official() ? "official" : "community";
        String kind = golden.isModule() ? "modules" : "networks";
        WORST.merge(golden.architecture() + " " + flavor + " " + kind, error, Math::max);
    }

    @AfterAll
    @SuppressWarnings("SystemOut")
    static void table() {
        WORST.forEach((what, error) -> System.out.printf(Locale.ROOT, "%-40s %8.1e%n", what, error));
    }
}
