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
import org.vit4j.checkpoint.CheckpointWeights;
import org.vit4j.checkpoint.StateDict;
import org.vit4j.checkpoint.WeightTransfer;
import org.vit4j.checkpoint.names.CheckpointNames;
import org.vit4j.checkpoint.names.NameSchemes;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;
import org.vit4j.models.ModelConfig;
import org.vit4j.run.RunConfig;

/** Exports in every naming scheme of a network read back bit for bit, with no missing or unexpected keys. */
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
    void everySchemeReadsBackBitForBit(String config) {
        ModelConfig model = RunConfig.open(config, List.of()).model().config();
        Set<String> names = new LinkedHashSet<>();
        for (CheckpointNames scheme : NameSchemes.of(model).published()) {
            if (names.add(scheme.name())) roundTrip(model, scheme);
        }
    }

    @Test
    void deit3ReadsBackWithTheAuthorsNames() {
        ModelConfig model = RunConfig.open("deit3_small_patch16_224", List.of("model.depth=2"))
                .model()
                .config();
        CheckpointNames authors = NameSchemes.of(model).published().get(1);
        assertThat(authors.name()).isEqualTo("authors");
        roundTrip(model, authors);
    }

    private void roundTrip(ModelConfig model, CheckpointNames scheme) {
        Graph graph = model.build();
        Random random = new Random(3);
        Map<String, float[]> weights = new HashMap<>();
        for (Parameter weight : graph.parameters()) {
            float[] values = new float[(int) weight.size()];
            for (int i = 0; i < values.length; i++) values[i] = Float.intBitsToFloat(random.nextInt(0x7f000000));
            weights.put(weight.name(), values);
        }
        Path file = directory.resolve("model.safetensors");
        SafeTensorsExport.write(graph, scheme, weights::get, file);

        Map<String, float[]> read = new HashMap<>();
        try (StateDict dict = StateDict.open(file);
                CheckpointWeights source = new CheckpointWeights(
                        dict,
                        graph.parameters(),
                        List.of(scheme),
                        org.vit4j.graph.analysis.ModelAnatomy.grids(graph))) {
            assertThat(source.unexpected()).as(scheme.name()).isEmpty();
            assertThat(WeightTransfer.load(source, graph, true, read::put)).isEmpty();
        }
        assertThat(read.keySet()).isEqualTo(weights.keySet());
        weights.forEach((name, values) -> assertThat(read.get(name)).as(name).isEqualTo(values));
    }
}
