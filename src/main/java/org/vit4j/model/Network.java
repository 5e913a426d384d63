package org.vit4j.model;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Backend;
import org.vit4j.backend.Inference;
import org.vit4j.backend.ParameterStore;
import org.vit4j.config.Config;
import org.vit4j.config.Section;
import org.vit4j.data.DataConfig;
import org.vit4j.data.Preprocessing;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.ImageFile;
import org.vit4j.graph.Graph;
import org.vit4j.keras.KerasFile;
import org.vit4j.machine.Environment;
import org.vit4j.models.ImageSpec;
import org.vit4j.models.Model;
import org.vit4j.models.Models;

/**
 * A network with live parameters: created, trained, saved. {@link SavedModel} is the faster one for predictions only.
 *
 * <p>Images are [N, C, H, W], preprocessed as {@link #prepare} does. Not thread-safe while it is trained.
 */
public final class Network implements AutoCloseable {
    private final Model model;
    private final ParameterStore parameters;
    private ModelDescription description;
    private Inference inference;

    private Network(ModelDescription description, ParameterStore parameters) {
        this.model = description.model();
        this.description = description;
        this.parameters = parameters;
    }

    /**
     * Creates a network with random weights. Its classes are named 0, 1, ... until it is trained on a dataset; its
     * preprocessing is that of the model's config, or that of ImageNet.
     */
    public static Network create(Model model, long seed) {
        List<String> classes =
                IntStream.range(0, model.classes()).mapToObj(String::valueOf).toList();
        return create(
                new ModelDescription(
                        model.name(), model, model.yaml(), classes, preprocessing(model), Environment.describe()),
                seed);
    }

    /** Creates a network with random weights for a given description. */
    public static Network create(ModelDescription description, long seed) {
        ParameterStore parameters =
                new ParameterStore(description.model().graph().parameters(), Nd4j.dataType());
        parameters.initialize(seed);
        return new Network(description, parameters);
    }

    private static Preprocessing preprocessing(Model model) {
        ImageSpec image = model.image();
        Config config = model.openConfig().orElseGet(() -> Config.parse("{}", model.name()));
        Section data = config.root().section("data");
        Optional<DataConfig> read = DataConfig.read(data, image.height(), image.width(), image.channels());
        config.check();
        return read.orElseThrow().preprocess();
    }

    /**
     * Loads a network of vit4j that was saved by {@link #save} or by a run.
     *
     * @throws org.vit4j.config.ConfigError if the file is missing, damaged or not written by vit4j
     */
    public static Network load(Path file) {
        return load(file, Models.builtIn());
    }

    /** Loads a network of one of these architectures. */
    public static Network load(Path file, Models models) {
        return load(file, SavedModel.reader(file, models));
    }

    /**
     * Loads a network whose model is known, such as one of {@link Model#of}.
     *
     * @throws org.vit4j.config.ConfigError if the file holds another network
     */
    public static Network load(Path file, Model model) {
        model.graph(); // its errors are not those of the file
        return load(file, keras -> model);
    }

    private static Network load(Path file, Function<KerasFile, Model> model) {
        SavedModel.SavedContent content = SavedModel.content(file, model, Nd4j.dataType());
        return new Network(content.description(), content.parameters());
    }

    /**
     * Sets the parameters from another file, such as a published checkpoint.
     *
     * @return descriptions of all changes other than copying
     * @throws org.vit4j.config.ConfigError if the weights do not fit
     */
    public List<String> load(WeightsLoader weights) {
        return weights.loadInto(this);
    }

    /** Returns the network's config and graph. */
    public Model model() {
        return model;
    }

    /** Returns the graph of the model. */
    public Graph graph() {
        return model.graph();
    }

    /** Returns the live parameters: changing them changes the network. */
    public ParameterStore parameters() {
        return parameters;
    }

    /** Returns everything but the weights. */
    public ModelDescription description() {
        return description;
    }

    /** Sets the names of the classes, in the order of the logits. */
    public Network classes(List<String> names) {
        description = description.withClasses(names);
        return this;
    }

    /**
     * Sets whether an image has any number of labels; probabilities are then the sigmoids of the logits, otherwise their
     * softmax. Training sets it too.
     */
    public Network multiLabel(boolean several) {
        description = description.withMultiLabel(several);
        return this;
    }

    /**
     * Sets the preprocessing of images.
     *
     * @throws IllegalArgumentException if its images have another size than those of the network
     */
    public Network preprocessing(Preprocessing preprocessing) {
        description = description.with(preprocessing);
        return this;
    }

    /** Preprocesses images: [N, C, H, W]. */
    public INDArray prepare(List<Image> images) {
        return ImageLayout.channelsFirst(description.preprocess().batch(images));
    }

    /** Preprocessed images [N, C, H, W] -> logits [N, K]. */
    public INDArray logits(INDArray images) {
        try (INDArray copy = ImageLayout.channelsLast(images, graph())) {
            return inference().logits(copy);
        }
    }

    /** Returns any tensor of the graph, such as {@code blocks.3.attn.probs} [N, H, T, S]. */
    public INDArray tensor(String name, INDArray images) {
        try (INDArray copy = ImageLayout.channelsLast(images, graph())) {
            return inference().tensor(name, copy);
        }
    }

    /** Returns the {@code k} most likely classes of an image file, most likely first. */
    public List<Prediction> predict(Path file, int k) {
        return predict(ImageFile.read(file, model.image().channels()), k);
    }

    /** Returns the {@code k} most likely classes of an image, most likely first. */
    public List<Prediction> predict(Image image, int k) {
        try (INDArray prepared = description.preprocess().batch(List.of(image))) {
            float[][] logits = inference().logitValues(prepared);
            return Prediction.top(description.classes(), description.activation(), logits, k);
        }
    }

    /**
     * Saves the network as a {@code .keras} file, atomically.
     *
     * @throws org.vit4j.io.RunException if the file cannot be written
     * @throws UnsupportedOperationException if Keras has no layer for an operation: unfold with dilation or with strides that differ
     */
    public void save(Path file) {
        SavedModel.write(file, description, parameters);
    }

    /** Forward passes in the graph's layout, [B, H, W, C]; created at the first use. */
    private synchronized Inference inference() {
        if (inference == null) inference = Backend.AUTO.inference(graph(), parameters);
        return inference;
    }

    /** Frees the memory of forward passes; the network can still be used, which allocates it again. */
    @Override
    public synchronized void close() {
        if (inference != null) inference.close();
        inference = null;
    }
}
