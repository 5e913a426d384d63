package org.vit4j.golden;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.Inference;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.samediff.SameDiffInference;
import org.vit4j.checkpoint.CheckpointLayout;
import org.vit4j.checkpoint.SafeTensors;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Tensor;
import org.vit4j.keras.KerasCheckFiles;
import org.vit4j.keras.KerasExample;
import org.vit4j.keras.KerasFile;

/**
 * Writes every complete golden network with the reference's weights to a {@code .keras} file for the check with stock
 * Keras. {@code -Dgoldens=DIR} is the directory of the cases.
 */
class KerasGoldenTest {
    static Stream<String> cases() throws IOException {
        return GoldenTest.cases().filter(KerasGoldenTest::isModel);
    }

    private static boolean isModel(String name) {
        try {
            return GoldenCase.read(GoldenTest.directory().resolve(name))
                    .config()
                    .path("kind")
                    .asText()
                    .equals("model");
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void writtenFileReturnsTheWeightsOfTheReference(String name) throws IOException {
        GoldenCase golden = GoldenCase.read(GoldenTest.directory().resolve(name));
        GoldenGraph built = GoldenConfigs.build(golden);
        Graph graph = built.graph();
        Map<String, float[]> weights = weights(golden, built);
        INDArray input = golden.inGraphLayout("input", graph.tensor("image").shape());
        INDArray logits = logits(golden, built, weights, input);
        Path file =
                KerasCheckFiles.write(name, new KerasExample(graph, weights, array(input), array(logits)), Map.of());
        INDArray exact = logits(graph, weights, DataType.DOUBLE, input.castTo(DataType.DOUBLE));
        KerasCheckFiles.npy(file.resolveSibling(name + ".double.npy"), exact);

        try (KerasFile read = KerasFile.read(file)) {
            read.check(graph);
            weights.forEach((weight, values) ->
                    assertThat(read.values(weight)).as(weight).isEqualTo(values));
        }
    }

    private static Map<String, float[]> weights(GoldenCase golden, GoldenGraph built) {
        Map<String, float[]> weights = new LinkedHashMap<>();
        for (Parameter weight : built.graph().parameters()) {
            CheckpointLayout layout = CheckpointLayout.of(weight, built.keys());
            SafeTensors.NamedValues array = golden.weights().get(layout.key());
            if (array == null) throw new AssertionError("no '" + layout.key() + "' for " + weight.name());
            weights.put(weight.name(), layout.toModel(array.shape(), array.values()));
        }
        return weights;
    }

    /** Logits of the reference if its output is the graph's prediction, otherwise logits computed by the graph. */
    private static INDArray logits(GoldenCase golden, GoldenGraph built, Map<String, float[]> weights, INDArray input) {
        Tensor logits = built.graph().outputs().get("logits");
        for (Map.Entry<String, String> output : built.evaluated().entrySet()) {
            String stored = output.getKey() + "_eval";
            if (output.getValue().equals(logits.name()) && golden.io().containsKey(stored)) {
                return golden.inGraphLayout(stored, logits.shape());
            }
        }
        return logits(built.graph(), weights, DataType.FLOAT, input);
    }

    private static INDArray logits(Graph graph, Map<String, float[]> weights, DataType type, INDArray input) {
        ParameterStore parameters = new ParameterStore(graph.parameters(), type);
        weights.forEach(parameters::set);
        try (Inference inference = new SameDiffInference(graph, parameters)) {
            return inference.logits(input);
        }
    }

    private static KerasExample.Array array(INDArray array) {
        IntStream dims = LongStream.of(array.shape()).mapToInt(Math::toIntExact);
        return new KerasExample.Array(dims.toArray(), array.dup('c').data().asFloat());
    }
}
