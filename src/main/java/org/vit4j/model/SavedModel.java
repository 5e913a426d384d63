package org.vit4j.model;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.Backend;
import org.vit4j.backend.Inference;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.Precision;
import org.vit4j.config.ConfigError;
import org.vit4j.data.Preprocessing;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.ImageFile;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;
import org.vit4j.io.RunException;
import org.vit4j.keras.KerasFile;
import org.vit4j.keras.KerasModel;
import org.vit4j.models.ImageSpec;
import org.vit4j.models.Model;
import org.vit4j.models.Models;

/**
 * A trained network loaded from a {@code .keras} file: graph, weights, class names, preprocessing.
 *
 * <pre>{@code
 * try (var model = SavedModel.load(Path.of("model.keras"))) {
 *     List<Prediction> top = model.predict(Path.of("cat.jpg"), 5);
 * }
 * }</pre>
 *
 * <p>Thread-safe. Calls from several threads run at the same time if each uses fewer threads than there are processors; see
 * {@link Inference}.
 */
public final class SavedModel implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int BATCH = 32;
    private static final String CONFIG = "config.yaml";
    private static final String DESCRIPTION = "model.json";

    private final ModelDescription description;
    private final Graph graph;
    private final ParameterStore parameters;
    private final Backend backend;
    private final Inference inference;

    private SavedModel(ModelDescription description, Graph graph, ParameterStore parameters, Backend backend) {
        this.description = description;
        this.graph = graph;
        this.parameters = parameters;
        this.backend = backend;
        this.inference = backend.fixedInference(graph, parameters);
    }

    /**
     * Content of {@code vit4j/model.json}.
     *
     * @param multiLabel not written if false; the config of a file of earlier versions determines it
     */
    private record ModelExtras(
            String name,
            List<String> classes,
            Map<String, Object> preprocess,
            Map<String, String> provenance,

            @JsonProperty("multi_label") @JsonInclude(JsonInclude.Include.NON_NULL)
            Boolean multiLabel) {
        boolean isIncomplete() {
            boolean absent = name == null || classes == null || preprocess == null || provenance == null;
            return absent || classes.contains(null);
        }
    }

    /**
     * Writes a model atomically and reads it back to verify that all weights are bit-identical.
     *
     * @throws RunException if the file cannot be written or does not read back
     */
    public static void write(Path file, ModelDescription description, ParameterStore parameters) {
        Graph graph = description.model().graph();
        Map<String, byte[]> extras = new LinkedHashMap<>();
        extras.put(CONFIG, description.config().getBytes(StandardCharsets.UTF_8));
        extras.put(DESCRIPTION, json(description));
        KerasFile.write(file, KerasModel.of(graph, description.name()), parameters::values, extras);
    }

    private static byte[] json(ModelDescription d) {
        try {
            return JSON.writerWithDefaultPrettyPrinter()
                    .writeValueAsBytes(new ModelExtras(
                            d.name(),
                            d.classes(),
                            d.preprocess().toMap(),
                            d.provenance(),
                            d.multiLabel() ? true : null));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Reads a model.
     *
     * @throws ConfigError if the file is missing, damaged or was not written by vit4j
     */
    public static SavedModel load(Path file) {
        return load(file, Backend.AUTO);
    }

    /**
     * Reads a model for the fastest backend with this precision.
     *
     * @throws ConfigError if this machine does not have the precision
     */
    public static SavedModel load(Path file, Precision precision) {
        return load(file, Backend.AUTO.with(precision));
    }

    /** Reads a model for a given backend. */
    public static SavedModel load(Path file, Backend backend) {
        return load(file, Models.builtIn(), backend);
    }

    /** Reads a model of one of these architectures. */
    public static SavedModel load(Path file, Models models) {
        return load(file, models, Backend.AUTO);
    }

    private static SavedModel load(Path file, Models models, Backend backend) {
        return load(file, reader(file, models), backend);
    }

    /** Reads a model whose network is known, such as one of {@link Model#of}. */
    public static SavedModel load(Path file, Model model) {
        model.graph(); // its errors are not those of the file
        return load(file, keras -> model, Backend.AUTO);
    }

    private static SavedModel load(Path file, Function<KerasFile, Model> model, Backend backend) {
        SavedContent content = content(file, model, DataType.FLOAT);
        Graph graph = content.description().model().graph();
        return new SavedModel(content.description(), graph, content.parameters(), backend);
    }

    /** Description and weights of a file. */
    record SavedContent(ModelDescription description, ParameterStore parameters) {}

    /** @param model determines the network of the file */
    static SavedContent content(Path file, Function<KerasFile, Model> model, DataType type) {
        try (KerasFile keras = KerasFile.read(file)) {
            ModelDescription description = describe(file, keras, model.apply(keras));
            Graph graph = description.model().graph();
            keras.check(graph);
            ParameterStore parameters = new ParameterStore(graph.parameters(), type);
            for (Parameter weight : graph.parameters()) parameters.set(weight.name(), keras.values(weight.name()));
            return new SavedContent(description, parameters);
        } catch (IllegalArgumentException e) {
            throw new ConfigError(file + ": inconsistent model file: " + e.getMessage(), e);
        }
    }

    /** Reads the network of a file from its config. */
    static Function<KerasFile, Model> reader(Path file, Models models) {
        return keras -> models.saved(text(keras, CONFIG), file + "!" + CONFIG);
    }

    /** Reads the description only. Does not load native code. */
    public static ModelDescription describe(Path file) {
        return describe(file, Models.builtIn());
    }

    /** Reads the description of a model of one of these architectures. */
    public static ModelDescription describe(Path file, Models models) {
        return describe(file, reader(file, models));
    }

    /** Reads the description of a model whose network is known. */
    public static ModelDescription describe(Path file, Model model) {
        return describe(file, keras -> model);
    }

    private static ModelDescription describe(Path file, Function<KerasFile, Model> model) {
        try (KerasFile keras = KerasFile.read(file)) {
            return describe(file, keras, model.apply(keras));
        }
    }

    private static String text(KerasFile keras, String name) {
        return new String(keras.extra(name), StandardCharsets.UTF_8);
    }

    private static Preprocessing preprocessing(Path file, ModelExtras extras) {
        try {
            return Preprocessing.fromMap(extras.preprocess);
        } catch (ConfigError e) {
            throw new ConfigError(file + ": " + DESCRIPTION + " is damaged: " + e.getMessage(), e);
        }
    }

    private static ModelDescription describe(Path file, KerasFile keras, Model model) {
        try {
            ModelExtras extras = JSON.readValue(keras.extra(DESCRIPTION), new TypeReference<>() {});
            if (extras == null || extras.isIncomplete()) {
                throw new ConfigError(file + ": " + DESCRIPTION + " is damaged: missing entries");
            }
            Preprocessing preprocess = preprocessing(file, extras);
            if (extras.classes.size() != model.classes()) {
                throw new ConfigError(file + ": holds a network with " + extras.classes.size() + " classes, expected "
                        + model.classes());
            }
            ImageSpec made = ModelDescription.imageOf(preprocess);
            if (!made.equals(model.image())) {
                throw new ConfigError(file + ": " + DESCRIPTION
                        + " is for another network: its preprocessing makes images [H, W, C] of " + made.shape()
                        + ", the network reads " + model.image().shape());
            }
            ModelDescription description = new ModelDescription(
                    extras.name, model, text(keras, CONFIG), extras.classes, preprocess, extras.provenance);
            return extras.multiLabel == null ? description : description.withMultiLabel(extras.multiLabel);
        } catch (JsonProcessingException e) { // getMessage() has several lines
            throw new ConfigError(file + ": " + DESCRIPTION + " is damaged: " + e.getOriginalMessage(), e);
        } catch (IOException | IllegalArgumentException e) {
            throw new ConfigError(file + ": " + DESCRIPTION + " is damaged: " + e.getMessage(), e);
        }
    }

    public ModelDescription description() {
        return description;
    }

    public Graph graph() {
        return graph;
    }

    /** Parameters, read-only: values derived from them are cached and not updated if they change. */
    public ParameterStore parameters() {
        return parameters;
    }

    /** The backend of this model's forward passes. */
    public Backend backend() {
        return backend;
    }

    /** Forward passes in the graph's layout, [B, H, W, C]. */
    public Inference inference() {
        return inference;
    }

    /** Preprocessed images [N, C, H, W] -> logits [N, K]. */
    public INDArray logits(INDArray images) {
        try (INDArray copy = ImageLayout.channelsLast(images, graph)) {
            return inference.logits(copy);
        }
    }

    /** Returns any tensor of the graph, such as {@code blocks.3.attn.probs} [N, H, T, S]. */
    public INDArray tensor(String name, INDArray images) {
        try (INDArray copy = ImageLayout.channelsLast(images, graph)) {
            return inference.tensor(name, copy);
        }
    }

    /**
     * Returns the {@code k} most likely classes of an image file, most likely first. Probabilities are the softmax of the
     * logits; if the model was trained on images with several labels ({@link ModelDescription#multiLabel}), the sigmoid of
     * each.
     */
    public List<Prediction> predict(Path file, int k) {
        return predict(ImageFile.read(file, description.model().image().channels()), k);
    }

    /** Returns the {@code k} most likely classes of an image, most likely first. */
    public List<Prediction> predict(Image image, int k) {
        return top(logits(List.of(image)), k);
    }

    /**
     * Returns the {@code k} most likely classes of each image, most likely first. The network computes {@value #BATCH}
     * images at a time.
     */
    public List<List<Prediction>> predict(List<Image> images, int k) {
        List<List<Prediction>> all = new ArrayList<>();
        for (int from = 0; from < images.size(); from += BATCH) {
            List<Image> batch = images.subList(from, Math.min(images.size(), from + BATCH));
            for (float[] row : logits(batch)) all.add(top(row, k));
        }
        return all;
    }

    private float[][] logits(List<Image> images) {
        try (INDArray prepared = prepare(images)) {
            return inference.logitValues(prepared);
        }
    }

    /** Reads and preprocesses an image file: [1, C, H, W], the input of {@link #logits}. */
    public INDArray prepareChannelsFirst(Path file) {
        Image image = ImageFile.read(file, description.model().image().channels());
        return ImageLayout.channelsFirst(prepare(List.of(image)));
    }

    /** Preprocesses images: [B, H, W, C], the input of {@link #inference}. */
    public INDArray prepare(List<Image> images) {
        return description.preprocess().batch(images);
    }

    /** Returns the {@code k} most likely classes for the logits [K] of one image, most likely first. */
    public List<Prediction> top(float[] logits, int k) {
        return top(new float[][] {logits}, k);
    }

    /**
     * Returns the {@code k} classes with the highest mean probability over several views of one image.
     *
     * @param logits of each view, [V, K]
     */
    public List<Prediction> top(float[][] logits, int k) {
        return Prediction.top(description.classes(), description.activation(), logits, k);
    }

    /** Returns the classes of an image whose probability is above a threshold, most likely first. */
    public List<Prediction> predictAbove(Image image, double threshold) {
        return above(logits(List.of(image)), threshold);
    }

    /**
     * Returns the classes whose mean probability over several views of one image is above a threshold, most likely first.
     *
     * @param logits of each view, [V, K]
     */
    public List<Prediction> above(float[][] logits, double threshold) {
        return sorted(logits).stream()
                .filter(prediction -> prediction.probability() > threshold)
                .toList();
    }

    private List<Prediction> sorted(float[][] logits) {
        return Prediction.sorted(description.classes(), description.activation(), logits);
    }

    @Override
    public void close() {
        inference.close();
    }
}
