package org.vit4j.models;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import org.vit4j.config.Checks;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Shape;

/**
 * A network: its config and its graph, which is built at the first use and then kept. Needs no native code. Thread-safe.
 *
 * <pre>{@code
 * Model model = Models.named("deit_small_patch16_224").withClasses(37).withImageSize(192);
 * Model own = Model.of(new MyNet(new ImageSpec(32, 32, 3), 10));
 * }</pre>
 */
public final class Model {
    /** Opens the config that a network was read from, with overrides. */
    @FunctionalInterface
    interface ConfigOpener {
        Config open(List<String> overrides);
    }

    private final String name;
    private final ModelConfig config;
    private final Supplier<String> yaml;
    private final Models models;
    private final Optional<ConfigOpener> opener;
    private Graph graph;

    Model(String name, ModelConfig config, Supplier<String> yaml, Models models, Optional<ConfigOpener> opener) {
        this.name = name;
        this.config = config;
        this.yaml = yaml;
        this.models = models;
        this.opener = opener;
    }

    /** Returns a network that was not read from a config; {@link ModelConfig#arch} is its name. */
    public static Model of(ModelConfig config) {
        ImageSpec image = config.image();
        String yaml = String.format(
                Locale.ROOT,
                "model:%n  arch: %s%n  image: {size: [%d, %d], channels: %d}%n  classes: %d%n",
                config.arch(),
                image.height(),
                image.width(),
                image.channels(),
                config.classes());
        return new Model(config.arch(), config, () -> yaml, only(config), Optional.empty());
    }

    /** Returns the built-in networks and this one, for reading files of this network. */
    private static Models only(ModelConfig config) {
        return Models.builtIn().with(new Architecture(config.arch(), config.flavor(), (s, image, classes) -> {
            if (image.equals(config.image())) return Optional.of(config);
            s.reject("image", "differs from that of the ModelConfig, " + config.image());
            return Optional.empty();
        }));
    }

    /** Returns the networks among which this one was found. */
    public Models models() {
        return models;
    }

    /** Returns the name of the config, such as {@code deit_small_patch16_224}. */
    public String name() {
        return name;
    }

    /** Returns architecture and hyperparameters. */
    public ModelConfig config() {
        return config;
    }

    /** Returns the network as YAML with a {@code model:} section, as a saved model holds it. */
    public String yaml() {
        return yaml.get();
    }

    /**
     * Returns the graph; every call returns the same one.
     *
     * @throws IllegalArgumentException if input or logits of a user's network differ from its {@link ModelConfig}
     * @throws ConfigError if the network of a config cannot be built, for example because sizes are too large
     */
    public synchronized Graph graph() {
        if (graph == null) graph = checked(build());
        return graph;
    }

    private Graph build() {
        try {
            return config.build();
        } catch (IllegalArgumentException | ArithmeticException e) { // sizes whose product exceeds an int
            if (opener.isEmpty()) throw e;
            throw new ConfigError(name + ": model: cannot be built: " + e.getMessage(), e);
        }
    }

    private Graph checked(Graph built) {
        Checks.require(built != null, "%s: ModelConfig.build() returned null", name);
        Shape image = built.input().shape();
        Checks.require(
                image.equals(image().shape()),
                "%s: the input is %s, expected %s, the image [H, W, C] of the ModelConfig",
                name,
                image,
                image().shape());
        Shape logits = built.logits().shape();
        Checks.require(
                logits.equals(Shape.of(classes())),
                "%s: the output 'logits' is %s, expected [%d], the classes of the ModelConfig",
                name,
                logits,
                classes());
        return built;
    }

    /** Returns the value of {@code model.arch}. */
    public String arch() {
        return config.arch();
    }

    /** Returns the size of the input images. */
    public ImageSpec image() {
        return config.image();
    }

    /** Returns the number of classes, K. */
    public int classes() {
        return config.classes();
    }

    /**
     * Returns the network with another number of classes.
     *
     * @throws UnsupportedOperationException if it was not read from a config
     */
    public Model withClasses(int classes) {
        return with("model.classes=" + classes);
    }

    /** Returns the network for square images of another size; see {@link #withImageSize(int, int)}. */
    public Model withImageSize(int side) {
        return withImageSize(side, side);
    }

    /**
     * Returns the network for images of another size.
     *
     * @throws org.vit4j.config.ConfigError if the network cannot be built for this size
     * @throws UnsupportedOperationException if it was not read from a config
     */
    public Model withImageSize(int height, int width) {
        return with("model.image.size=" + (height == width ? "" + height : "[" + height + ", " + width + "]"));
    }

    /** Opens the config that the network was read from again; empty for a network of {@link #of}. */
    public Optional<Config> openConfig() {
        return opener.map(opened -> opened.open(List.of()));
    }

    private Model with(String override) {
        ConfigOpener from = opener.orElseThrow(() -> new UnsupportedOperationException(
                name + ": not read from a config; set classes and image size in its ModelConfig"));
        return models.read(overrides -> {
            List<String> all = new ArrayList<>(List.of(override));
            all.addAll(overrides);
            return from.open(all);
        });
    }

    /** Returns true for a network with the same config. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Model model && model.config.equals(config);
    }

    @Override
    public int hashCode() {
        return config.hashCode();
    }

    @Override
    public String toString() {
        return name;
    }
}
