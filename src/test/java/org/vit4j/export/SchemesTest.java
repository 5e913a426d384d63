package org.vit4j.export;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vit4j.arch.KeyScheme;
import org.vit4j.arch.ModelConfig;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Weight;
import org.vit4j.train.RunConfig;
import org.vit4j.transfer.CheckpointSource;
import org.vit4j.transfer.Transfer;
import org.vit4j.weights.StateDict;

/** What is written by any names a network has is read by the same names, bit for bit, nothing missing or left over. */
class SchemesTest {
    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "digits-vit",
                "digits-deit",
                "digits-deit-distilled",
                "digits-crossvit",
                "digits-pit",
                "digits-levit",
                "digits-cvt"
            })
    void everySchemeIsReadBack(String config) {
        ModelConfig model = RunConfig.open(config, List.of()).model();
        Set<String> words = new LinkedHashSet<>();
        for (KeyScheme scheme : model.schemes()) {
            if (words.add(scheme.name())) roundTrip(model, scheme);
        }
    }

    @Test
    void deit3HasTheAuthorsNames() {
        ModelConfig model = RunConfig.open("deit3_small_patch16_224", List.of("model.depth=2"))
                .model();
        KeyScheme authors = model.schemes().get(1);
        assertThat(authors.name()).isEqualTo("authors");
        roundTrip(model, authors);
    }

    private void roundTrip(ModelConfig model, KeyScheme scheme) {
        Graph graph = model.build();
        Random random = new Random(3);
        Map<String, float[]> weights = new HashMap<>();
        for (Weight weight : graph.weights()) {
            float[] values = new float[(int) weight.size()];
            for (int i = 0; i < values.length; i++) values[i] = Float.intBitsToFloat(random.nextInt(0x7f000000));
            weights.put(weight.name(), values);
        }
        Path file = directory.resolve("model.safetensors");
        SafeTensorsExport.write(graph, scheme, weights::get, file);

        Map<String, float[]> read = new HashMap<>();
        try (StateDict dict = StateDict.open(file);
                CheckpointSource source = new CheckpointSource(
                        dict, graph.weights(), List.of(scheme), org.vit4j.graph.Parts.grids(graph))) {
            assertThat(source.unexpected()).as(scheme.name()).isEmpty();
            assertThat(Transfer.load(source, graph, true, read::put)).isEmpty();
        }
        assertThat(read.keySet()).isEqualTo(weights.keySet());
        weights.forEach((name, values) -> assertThat(read.get(name)).as(name).isEqualTo(values));
    }
}
