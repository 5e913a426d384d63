package org.vit4j.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.nd4j.linalg.api.buffer.DataType;
import org.vit4j.backend.ParameterStore;
import org.vit4j.checkpoint.names.NameSchemes;
import org.vit4j.config.Config;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.PositionGrid;
import org.vit4j.graph.analysis.ModelAnatomy;
import org.vit4j.models.ModelConfig;
import org.vit4j.models.Models;

/** The model of {@code timm_vit.safetensors}; the files in {@code wrapped} contain its weights in other layouts. */
final class WrappedNetwork {
    static final Path FILES = Path.of("src/test/resources/checkpoints");
    static final Path WRAPPED = FILES.resolve("wrapped");
    static final String YAML = "{arch: vit, image: {size: 16}, classes: 5, patch_size: 4, dim: 8, depth: 1, heads: 2}";

    private final ModelConfig model;
    private final Graph graph;
    private final ParameterStore parameters;
    private final List<String> notes = new ArrayList<>();

    WrappedNetwork(String yaml) {
        Config config = Config.parse("model: " + yaml, "test");
        model = Models.builtIn().read(config.root().section("model")).orElseThrow();
        config.finish();
        graph = model.build();
        parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        parameters.initialize(1);
    }

    static WrappedNetwork original() {
        WrappedNetwork network = new WrappedNetwork(YAML);
        network.load(FILES.resolve("timm_vit.safetensors"), Optional.empty(), false);
        return network;
    }

    /** Loads weights strictly, with the position grids of this model as the published ones. */
    WrappedNetwork load(Path file, Optional<String> key, boolean newHead) {
        return load(file, key, newHead, ModelAnatomy.grids(graph));
    }

    WrappedNetwork load(Path file, Optional<String> key, boolean newHead, Map<String, PositionGrid> grids) {
        try (StateDict dict = StateDict.open(file);
                CheckpointWeights source = new CheckpointWeights(
                        dict, graph.parameters(), NameSchemes.of(model).all(), grids, key)) {
            notes.addAll(WeightTransfer.load(source, graph, true, newHead, parameters::set));
        }
        return this;
    }

    List<String> notes() {
        return notes;
    }

    Graph graph() {
        return graph;
    }

    CheckpointLayout layout(Parameter weight) {
        return CheckpointLayout.of(weight, NameSchemes.of(model).reference());
    }

    void set(Parameter weight, float[] values) {
        parameters.set(weight.name(), values);
    }

    float[] values(String name) {
        return parameters.values(name);
    }

    /** Requires identical values; names that start with {@code except} are skipped. */
    void hasTheValuesOf(WrappedNetwork other, String except) {
        for (Parameter weight : graph.parameters()) {
            if (!except.isEmpty() && weight.name().startsWith(except)) continue;
            assertThat(values(weight.name())).as(weight.name()).containsExactly(other.values(weight.name()));
        }
    }
}
