package org.vit4j.golden;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.vit4j.backend.Inference;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.samediff.SameDiffInference;
import org.vit4j.checkpoint.CheckpointWeights;
import org.vit4j.checkpoint.StateDict;
import org.vit4j.checkpoint.WeightTransfer;
import org.vit4j.graph.Graph;

/** Strict import of the state dict of every complete golden network, compared with the logits of the reference. */
class ImportGoldenTest {
    static Stream<String> cases() throws IOException {
        return KerasGoldenTest.cases();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void importedNetworkGivesTheLogitsOfTheReference(String name) throws IOException {
        Path folder = GoldenTest.directory().resolve(name);
        GoldenCase golden = GoldenCase.read(folder);
        GoldenGraph built = GoldenConfigs.build(golden);
        Graph graph = built.graph();
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        try (StateDict dict = StateDict.open(folder.resolve("weights.safetensors"));
                CheckpointWeights source =
                        new CheckpointWeights(dict, graph.parameters(), List.of(built.keys()), Map.of())) {
            assertThat(WeightTransfer.load(source, graph, true, parameters::set))
                    .isEmpty();
        }
        try (Inference inference = new SameDiffInference(graph, parameters)) {
            built.evaluated().forEach((output, tensor) -> {
                if (!output.startsWith("logits")) return;
                var actual = inference.tensor(
                        tensor,
                        Map.of(
                                "image",
                                golden.inGraphLayout(
                                        "input", graph.tensor("image").shape())));
                var expected = golden.inGraphLayout(
                        output + "_eval", graph.tensor(tensor).shape());
                assertThat(Compare.largest(actual, expected)).as(output).isLessThan(GoldenTest.OUTPUT);
            });
        }
    }
}
