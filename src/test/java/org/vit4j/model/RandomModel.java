package org.vit4j.model;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.vit4j.backend.ParameterStore;
import org.vit4j.run.RunConfig;

/** Saved models with random weights, for tests. */
public final class RandomModel {
    private RandomModel() {}

    /** Writes the model of a config with random weights. */
    public static void write(Path file, String name, RunConfig config, List<String> classes, long seed) {
        ParameterStore parameters = new ParameterStore(config.model().graph().parameters(), DataType.FLOAT);
        parameters.initialize(seed);
        var preprocess = config.data().preprocess();
        var description = new ModelDescription(
                name, config.model(), config.resolved(), classes, preprocess, Map.of("by", "test"));
        SavedModel.write(file, description, parameters);
    }

    /** "digit 0" to "digit 9". */
    public static List<String> digits() {
        return IntStream.range(0, 10).mapToObj(i -> "digit " + i).toList();
    }
}
