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
import org.vit4j.graph.Graph;
import org.vit4j.samediff.Inference;
import org.vit4j.samediff.Parameters;
import org.vit4j.samediff.PortableInference;
import org.vit4j.transfer.CheckpointSource;
import org.vit4j.transfer.Transfer;
import org.vit4j.weights.StateDict;

/** The state dict of every whole network of the goldens imports strictly, and answers what the reference answered. */
class ImportGoldenTest {
    static Stream<String> cases() throws IOException {
        return KerasGoldenTest.cases();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void answersAsTheReference(String name) throws IOException {
        Path folder = GoldenTest.directory().resolve(name);
        GoldenCase golden = GoldenCase.read(folder);
        Built built = GoldenConfigs.build(golden);
        Graph graph = built.graph();
        Parameters parameters = new Parameters(graph.weights(), DataType.FLOAT);
        try (StateDict dict = StateDict.open(folder.resolve("weights.safetensors"));
                CheckpointSource source =
                        new CheckpointSource(dict, graph.weights(), List.of(built.keys()), Map.of())) {
            assertThat(Transfer.load(source, graph, true, parameters::set)).isEmpty();
        }
        try (Inference inference = new PortableInference(graph, parameters)) {
            built.evaluated().forEach((output, tensor) -> {
                if (!output.startsWith("logits")) return;
                var ours = inference.tensor(
                        tensor,
                        Map.of(
                                "image",
                                golden.ours("input", graph.tensor("image").shape())));
                var theirs = golden.ours(output + "_eval", graph.tensor(tensor).shape());
                assertThat(Compare.largest(ours, theirs)).as(output).isLessThan(GoldenTest.OUTPUT);
            });
        }
    }
}
