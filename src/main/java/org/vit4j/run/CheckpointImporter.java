package org.vit4j.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.vit4j.backend.ParameterStore;
import org.vit4j.checkpoint.CheckpointWeights;
import org.vit4j.checkpoint.StateDict;
import org.vit4j.checkpoint.WeightTransfer;
import org.vit4j.checkpoint.names.NameSchemes;
import org.vit4j.config.ConfigError;
import org.vit4j.data.datasets.TextLines;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.PositionGrid;
import org.vit4j.graph.analysis.ModelAnatomy;
import org.vit4j.keras.KerasFile;
import org.vit4j.keras.RetrainedKerasModel;
import org.vit4j.machine.Environment;
import org.vit4j.model.ModelDescription;
import org.vit4j.model.SavedModel;

/** Converts published checkpoints, and vit4j models retrained in Keras, to saved models. */
public final class CheckpointImporter {
    private static final long LARGEST_JSON = 16 << 20;

    private CheckpointImporter() {}

    /**
     * Differences between the saved model and the published one.
     *
     * @param image side length, or {@code HxW}
     * @param overrides further changes, {@code path=value}
     */
    public record ImportChanges(
            Optional<Integer> classes, Optional<String> image, Optional<Integer> channels, List<String> overrides) {
        public static final ImportChanges NONE =
                new ImportChanges(Optional.empty(), Optional.empty(), Optional.empty(), List.of());

        public ImportChanges {
            overrides = List.copyOf(overrides);
        }

        List<String> all() {
            List<String> all = new ArrayList<>(overrides);
            classes.ifPresent(n -> all.add("model.classes=" + n));
            channels.ifPresent(n -> all.add("model.image.channels=" + n));
            image.ifPresent(size -> all.add("model.image.size=" + size(size)));
            return all;
        }

        private static String size(String image) {
            if (!image.matches("\\d{1,6}(x\\d{1,6})?")) {
                throw new ConfigError("--image: expected a side length or HxW, got '" + image + "'");
            }
            return image.contains("x") ? "[" + image.replace("x", ", ") + "]" : image;
        }
    }

    /**
     * Reads a checkpoint, adapts its weights and writes a model.
     *
     * @param config name of a variant, or a YAML file
     * @param labels file with one class name per line; otherwise the names come from a Hugging Face {@code config.json}
     *     next to the checkpoint, otherwise they are the class numbers
     * @param seed for newly initialized parameters
     * @param strict requires every array to fit; see {@link WeightTransfer#load}
     * @return descriptions of all changes other than copying
     * @throws ConfigError if the weights do not fit
     */
    public static List<String> run(
            String config,
            Path checkpoint,
            Path model,
            ImportChanges changes,
            Optional<Path> labels,
            long seed,
            boolean strict) {
        return run(config, checkpoint, model, changes, labels, seed, strict, Optional.empty());
    }

    /**
     * Like {@link #run(String, Path, Path, ImportChanges, Optional, long, boolean)}, with a choice of state dict.
     *
     * @param key selects the state dict if several in the file fit equally well: dictionary keys and prefix joined by
     *     dots, or part of that
     */
    public static List<String> run(
            String config,
            Path checkpoint,
            Path model,
            ImportChanges changes,
            Optional<Path> labels,
            long seed,
            boolean strict,
            Optional<String> key) {
        RunConfig published = RunConfig.open(config, changes.overrides);
        RunConfig target = RunConfig.open(config, changes.all());
        Graph graph = target.model().graph();
        Map<String, PositionGrid> grids = ModelAnatomy.grids(published.model().graph());
        try (StateDict dict = StateDict.open(checkpoint);
                CheckpointWeights source = new CheckpointWeights(
                        dict,
                        graph.parameters(),
                        NameSchemes.of(target.model().config()).all(),
                        grids,
                        key)) {
            ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
            parameters.initialize(seed);
            boolean newHead = changes.classes.isPresent();
            List<String> notes = WeightTransfer.load(source, graph, strict, newHead, parameters::set);
            ModelDescription description = new ModelDescription(
                    target.name(),
                    target.model(),
                    target.resolved(),
                    classNames(target.model().classes(), labels, checkpoint),
                    target.data().preprocess(),
                    provenance(checkpoint, source));
            SavedModel.write(model, description, parameters);
            return notes;
        }
    }

    /**
     * Imports a vit4j model that was trained further and saved in Keras: the weights come from the Keras file,
     * everything else from the original, because Keras drops it.
     *
     * @param original model file that Keras opened
     * @param trained model file that Keras saved
     * @return notes about the import
     * @throws ConfigError if the two files do not match, or the trained graph differs from that of the original
     */
    public static List<String> fromRetrained(Path original, Path trained, Path model) {
        ModelDescription description = SavedModel.describe(original);
        Graph graph = description.model().graph();
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        List<String> notes = new ArrayList<>();
        Map<String, String> provenance = new LinkedHashMap<>(description.provenance());
        try (KerasFile before = KerasFile.read(original)) {
            before.check(graph);
            try (RetrainedKerasModel after = RetrainedKerasModel.read(trained, before)) {
                int changed = 0;
                for (Parameter parameter : graph.parameters()) {
                    float[] values = after.values(parameter.name());
                    if (!Arrays.equals(values, before.values(parameter.name()))) changed++;
                    parameters.set(parameter.name(), values);
                }
                notes.add(changed + " of " + graph.parameters().size() + " parameters changed in Keras "
                        + after.version());
                if (!after.unusedWeights().isEmpty()) {
                    notes.add("copied from " + original + ", because the logits do not depend on them: "
                            + WeightTransfer.abbreviate(after.unusedWeights()));
                }
                provenance.put("trained_with", "keras " + after.version());
            }
        }
        provenance.put("trained_from_sha256", sha256(original));
        provenance.put("imported_from", trained.getFileName().toString());
        provenance.put("imported_sha256", sha256(trained));
        SavedModel.write(model, description.with(provenance), parameters);
        return notes;
    }

    private static Map<String, String> provenance(Path checkpoint, CheckpointWeights source) {
        Map<String, String> provenance = new LinkedHashMap<>(Environment.describe());
        provenance.put("imported_from", checkpoint.getFileName().toString());
        provenance.put("imported_names", source.namingScheme());
        provenance.put("imported_sha256", sha256(checkpoint));
        return provenance;
    }

    private static String sha256(Path file) {
        try {
            return CheckpointDirectory.sha256(file);
        } catch (IOException e) {
            throw new ConfigError(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static List<String> classNames(int classes, Optional<Path> labels, Path checkpoint) {
        if (labels.isPresent()) {
            List<String> names = TextLines.read(labels.get());
            if (names.size() == classes) return names;
            throw new ConfigError(
                    labels.get() + ": expected " + classes + " class names, one per line, got " + names.size());
        }
        JsonNode labelNames =
                hubConfig(checkpoint.resolveSibling("config.json")).path("id2label");
        boolean complete = labelNames.size() == classes
                && IntStream.range(0, classes)
                        .allMatch(i -> labelNames.path("" + i).isTextual());
        return IntStream.range(0, classes)
                .mapToObj(i -> complete ? labelNames.path("" + i).asText() : "" + i)
                .toList();
    }

    /** Reads the Hugging Face config next to a checkpoint; an empty object if it is missing or not JSON. */
    private static JsonNode hubConfig(Path file) {
        ObjectMapper json = new ObjectMapper();
        try {
            if (!Files.isRegularFile(file) || Files.size(file) > LARGEST_JSON) return json.createObjectNode();
            return json.readTree(file.toFile());
        } catch (IOException e) {
            return json.createObjectNode(); // a config.json of another program
        }
    }
}
