package org.vit4j.train;

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
import org.vit4j.config.ConfigError;
import org.vit4j.data.TextLines;
import org.vit4j.graph.Graph;
import org.vit4j.graph.ModelAnatomy;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.PositionGrid;
import org.vit4j.keras.KerasFile;
import org.vit4j.keras.RetrainedKerasModel;
import org.vit4j.model.ModelDescription;
import org.vit4j.model.SavedModel;
import org.vit4j.report.Environment;

/** A published checkpoint, or what Keras made of a model of ours, becomes a saved model. */
public final class CheckpointImporter {
    private static final long LARGEST_JSON = 16 << 20;

    private CheckpointImporter() {}

    /**
     * In what the model shall differ from the published one.
     *
     * @param image a side, or {@code HxW}
     * @param overrides further {@code path=value}
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
                throw new ConfigError("--image: expected a side or HxW, got '" + image + "'");
            }
            return image.contains("x") ? "[" + image.replace("x", ", ") + "]" : image;
        }
    }

    /**
     * Reads, adapts, writes.
     *
     * @param config a variant's name or a YAML file
     * @param labels names of the classes, one a line; else what a {@code config.json} of Hugging Face beside the
     *     checkpoint says, else their numbers
     * @param seed of weights that are drawn anew
     * @param strict whether every array must fit; see {@link WeightTransfer#load}
     * @return what was done besides copying
     * @throws ConfigError when something does not fit
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
     * Reads from a given place of the file, adapts, writes.
     *
     * @param key which state dict, when several in the file fit equally well: keys of dictionaries and prefix, joined by
     *     dots, or a part of that
     * @see #run(String, Path, Path, Changes, Optional, long, boolean)
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
        RunConfig wanted = RunConfig.open(config, changes.all());
        Graph graph = wanted.model().build();
        Map<String, PositionGrid> grids = ModelAnatomy.grids(published.model().build());
        try (StateDict dict = StateDict.open(checkpoint);
                CheckpointWeights source = new CheckpointWeights(
                        dict, graph.parameters(), wanted.model().importSchemes(), grids, key)) {
            ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
            parameters.initialize(seed);
            boolean newHead = changes.classes.isPresent();
            List<String> notes = WeightTransfer.load(source, graph, strict, newHead, parameters::set);
            ModelDescription description = new ModelDescription(
                    wanted.name(),
                    wanted.model(),
                    wanted.resolved(),
                    names(wanted.model().classes(), labels, checkpoint),
                    wanted.data().preprocess(),
                    provenance(checkpoint, source));
            SavedModel.write(model, description, parameters);
            return notes;
        }
    }

    /**
     * Brings back a model of ours that Keras opened, trained and saved again: its weights are the trained ones,
     * everything else is the original's, which Keras drops.
     *
     * @param original the file that Keras opened
     * @param trained the file that Keras saved
     * @return what to know of it
     * @throws ConfigError when the two do not belong together, or our network cannot say what the trained one computes
     */
    public static List<String> like(Path original, Path trained, Path model) {
        ModelDescription description = SavedModel.describe(original);
        Graph graph = description.model().build();
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        List<String> notes = new ArrayList<>();
        Map<String, String> provenance = new LinkedHashMap<>(description.provenance());
        try (KerasFile before = KerasFile.read(original)) {
            before.check(graph);
            try (RetrainedKerasModel after = RetrainedKerasModel.read(trained, before)) {
                int moved = 0;
                for (Parameter weight : graph.parameters()) {
                    float[] values = after.values(weight.name());
                    if (!Arrays.equals(values, before.values(weight.name()))) moved++;
                    parameters.set(weight.name(), values);
                }
                notes.add(moved + " of " + graph.parameters().size() + " weights changed in Keras " + after.version());
                if (!after.unusedWeights().isEmpty()) {
                    notes.add("as in " + original + ", because the logits do not need them: "
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

    private static List<String> names(int classes, Optional<Path> labels, Path checkpoint) {
        if (labels.isPresent()) {
            List<String> names = TextLines.read(labels.get());
            if (names.size() == classes) return names;
            throw new ConfigError(labels.get() + ": " + names.size() + " names for " + classes + " classes");
        }
        JsonNode known = hub(checkpoint.resolveSibling("config.json")).path("id2label");
        boolean all = known.size() == classes
                && IntStream.range(0, classes).allMatch(i -> known.path("" + i).isTextual());
        return IntStream.range(0, classes)
                .mapToObj(i -> all ? known.path("" + i).asText() : "" + i)
                .toList();
    }

    /** What the hub puts beside a checkpoint; nothing when there is nothing usable. */
    private static JsonNode hub(Path file) {
        ObjectMapper json = new ObjectMapper();
        try {
            if (!Files.isRegularFile(file) || Files.size(file) > LARGEST_JSON) return json.createObjectNode();
            return json.readTree(file.toFile());
        } catch (IOException e) {
            return json.createObjectNode(); // of something else
        }
    }
}
