package org.vit4j.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.Backend;
import org.vit4j.backend.Inference;
import org.vit4j.backend.ParameterStore;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.data.Image;
import org.vit4j.data.ImageFile;
import org.vit4j.data.Preprocessing;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;
import org.vit4j.io.RunException;
import org.vit4j.keras.KerasFile;
import org.vit4j.keras.KerasModel;
import org.vit4j.models.ModelConfig;

/**
 * A trained network in a {@code .keras} file, ready to be used: graph, weights, class names, preprocessing.
 *
 * <pre>{@code
 * try (var model = SavedModel.load(Path.of("model.keras"))) {
 *     List<Prediction> top = model.predict(Path.of("cat.jpg"), 5);
 * }
 * }</pre>
 *
 * <p>Calls from several threads are safe and wait for each other.
 */
public final class SavedModel implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CONFIG = "config.yaml";
    private static final String DESCRIPTION = "model.json";

    private final ModelDescription description;
    private final Graph graph;
    private final ParameterStore parameters;
    private final Inference inference;

    private SavedModel(ModelDescription description, Graph graph, ParameterStore parameters, Backend engine) {
        this.description = description;
        this.graph = graph;
        this.parameters = parameters;
        this.inference = engine.fixedInference(graph, parameters);
    }

    /** What {@code vit4j/model.json} holds. */
    private record ModelExtras(
            String name, List<String> classes, Map<String, Object> preprocess, Map<String, String> provenance) {
        boolean lacks() {
            boolean absent = name == null || classes == null || preprocess == null || provenance == null;
            return absent || classes.contains(null);
        }
    }

    /**
     * Writes a model whole or not at all, and reads it back to see that every weight is there bit for bit.
     *
     * @throws RunException when it cannot be written
     */
    public static void write(Path file, ModelDescription description, ParameterStore parameters) {
        Graph graph = description.model().build();
        Map<String, byte[]> extras = new LinkedHashMap<>();
        extras.put(CONFIG, description.config().getBytes(java.nio.charset.StandardCharsets.UTF_8));
        extras.put(DESCRIPTION, json(description));
        KerasFile.write(file, KerasModel.of(graph, description.name()), parameters::values, extras);
        try (KerasFile written = KerasFile.read(file)) {
            for (Parameter weight : graph.parameters()) {
                if (!Arrays.equals(written.values(weight.name()), parameters.values(weight.name()))) {
                    throw new RunException(file + ": " + weight.name() + " does not read back as it was written");
                }
            }
        }
    }

    private static byte[] json(ModelDescription d) {
        try {
            return JSON.writerWithDefaultPrettyPrinter()
                    .writeValueAsBytes(new ModelExtras(
                            d.name(), d.classes(), d.preprocess().toMap(), d.provenance()));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Reads a model.
     *
     * @throws ConfigError when the file is missing, damaged, or a {@code .keras} that vit4j did not write
     */
    public static SavedModel load(Path file) {
        return load(file, Backend.AUTO);
    }

    /** The same on an engine of choice. */
    public static SavedModel load(Path file, Backend engine) {
        try (KerasFile keras = KerasFile.read(file)) {
            ModelDescription description = describe(file, keras);
            Graph graph = description.model().build();
            keras.check(graph);
            ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
            for (Parameter weight : graph.parameters()) parameters.set(weight.name(), keras.values(weight.name()));
            return new SavedModel(description, graph, parameters, engine);
        } catch (IllegalArgumentException e) {
            throw new ConfigError(file + ": its parts do not fit together: " + e.getMessage(), e);
        }
    }

    /** Reads only what the model says of itself; loads no native code. */
    public static ModelDescription describe(Path file) {
        try (KerasFile keras = KerasFile.read(file)) {
            return describe(file, keras);
        }
    }

    private static ModelDescription describe(Path file, KerasFile keras) {
        String yaml = new String(keras.extra(CONFIG), java.nio.charset.StandardCharsets.UTF_8);
        Config config = Config.whole(yaml, file + "!" + CONFIG);
        Optional<? extends ModelConfig> read = ModelConfig.read(config.root().section("model"));
        config.check();
        ModelConfig model = read.orElseThrow();
        try {
            ModelExtras extras = JSON.readValue(keras.extra(DESCRIPTION), new TypeReference<>() {});
            if (extras == null || extras.lacks()) {
                throw new ConfigError(file + ": " + DESCRIPTION + " in it is damaged: something is missing");
            }
            return new ModelDescription(
                    extras.name,
                    model,
                    yaml,
                    extras.classes,
                    Preprocessing.fromMap(extras.preprocess),
                    extras.provenance);
        } catch (JsonProcessingException e) { // its whole message has several lines
            throw new ConfigError(file + ": " + DESCRIPTION + " in it is damaged: " + e.getOriginalMessage(), e);
        } catch (IOException | IllegalArgumentException e) {
            throw new ConfigError(file + ": " + DESCRIPTION + " in it is damaged: " + e.getMessage(), e);
        }
    }

    public ModelDescription description() {
        return description;
    }

    public Graph graph() {
        return graph;
    }

    /** The weights, to be read: what was worked out from them is not worked out again when they change. */
    public ParameterStore parameters() {
        return parameters;
    }

    /** Forward passes in the graph's own layout, [B, H, W, C]. */
    public Inference inference() {
        return inference;
    }

    /** [N, C, H, W], already preprocessed -> [N, K]. */
    public INDArray logits(INDArray images) {
        return inference.logits(channelsLast(images));
    }

    /** Any tensor of the graph, such as {@code blocks.3.attn.weights} [N, H, T, S]. */
    public INDArray tensor(String name, INDArray images) {
        return inference.tensor(name, channelsLast(images));
    }

    /** The {@code k} likeliest classes of a picture, the likeliest first. */
    public List<Prediction> predict(Path picture, int k) {
        return predict(ImageFile.read(picture, description.model().image().channels()), k);
    }

    public List<Prediction> predict(Image image, int k) {
        return top(inference.logits(prepare(List.of(image))).toFloatVector(), k);
    }

    /** A picture -> [1, C, H, W], preprocessed as the model wants it: what {@link #logits} takes. */
    public INDArray prepareChannelsFirst(Path picture) {
        Image image = ImageFile.read(picture, description.model().image().channels());
        return prepare(List.of(image)).permute(0, 3, 1, 2).dup('c');
    }

    /** Pictures -> [B, H, W, C], preprocessed as the model wants them. */
    public INDArray prepare(List<Image> images) {
        return description.preprocess().batch(images);
    }

    /** The likeliest classes by a row of logits. */
    public List<Prediction> top(float[] logits, int k) {
        double largest = IntStream.range(0, logits.length)
                .mapToDouble(i -> logits[i])
                .max()
                .orElseThrow();
        double total = IntStream.range(0, logits.length)
                .mapToDouble(i -> Math.exp(logits[i] - largest))
                .sum();
        return IntStream.range(0, logits.length)
                .boxed()
                .sorted(Comparator.comparing((Integer i) -> -logits[i]))
                .limit(k)
                .map(i -> new Prediction(description.classes().get(i), i, Math.exp(logits[i] - largest) / total))
                .toList();
    }

    private static INDArray channelsLast(INDArray images) {
        if (images.rank() != 4) {
            throw new IllegalArgumentException("expected images [N, C, H, W], got " + Arrays.toString(images.shape()));
        }
        return images.permute(0, 2, 3, 1).castTo(DataType.FLOAT).dup('c');
    }

    @Override
    public void close() {
        inference.close();
    }
}
