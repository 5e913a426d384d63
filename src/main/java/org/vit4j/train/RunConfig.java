package org.vit4j.train;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.config.Section;
import org.vit4j.data.DataConfig;
import org.vit4j.graph.Graph;
import org.vit4j.models.ModelConfig;
import org.vit4j.optim.NamePattern;

/**
 * A whole config file.
 *
 * @param name of the config, without directory and ending
 * @param resolved everything that was read, defaults included, as YAML
 */
public record RunConfig(
        String name,
        ModelConfig model,
        DataConfig data,
        TrainConfig train,
        OutputConfig output,
        Optional<PublishedResult> published,
        String resolved) {

    /**
     * @param keep checkpoints that are kept
     * @param logSteps optimizer steps between two scalars of loss and learning rate for TensorBoard; 0: none
     */
    public record OutputConfig(Path dir, int keep, int logSteps) {
        public OutputConfig {
            if (logSteps < 0) throw new IllegalArgumentException("log_steps (" + logSteps + ") must not be negative");
            if (keep < 1) throw new IllegalArgumentException("keep (" + keep + ") must be at least 1");
        }
    }

    /** What the authors, or timm, report: top-1 on ImageNet in percent. */
    public record PublishedResult(Optional<Double> top1, String source) {}

    /** @throws org.vit4j.config.ConfigError with every problem of the file */
    public static RunConfig open(String nameOrPath, List<String> overrides) {
        return read(Config.open(nameOrPath, overrides));
    }

    /**
     * The config of the run in a directory, under the name of the config it was started with.
     *
     * @param overrides {@code path=value}, which win over it
     * @throws ConfigError when the directory holds no run
     */
    public static RunConfig ofRun(Path directory, List<String> overrides) {
        Path file = directory.resolve("config.yaml");
        if (!Files.isRegularFile(file)) throw new ConfigError(directory + ": " + RunDirectory.whyNoRun(directory));
        Path name = directory.toAbsolutePath().normalize().getFileName();
        String config = RunInfo.read(directory).map(RunInfo::config).orElse(String.valueOf(name));
        return read(Config.ofRun(file, config, overrides));
    }

    public static RunConfig read(Config config) {
        Section root = config.root();
        Optional<? extends ModelConfig> model = ModelConfig.read(root.section("model"));
        int height = model.map(m -> m.image().height()).orElse(224);
        int width = model.map(m -> m.image().width()).orElse(224);
        int channels = model.map(m -> m.image().channels()).orElse(3);
        Optional<DataConfig> data = DataConfig.read(root.section("data"), height, width, channels);
        Section training = root.section("train");
        Optional<TrainConfig> train = TrainConfig.read(training);
        if (model.isPresent() && train.flatMap(TrainConfig::distill).isPresent()) {
            TrainingLoss.lacking(model.get()).ifPresent(lack -> training.reject("distill", lack));
        }
        if (model.isPresent() && train.isPresent()) fit(model.get(), train.get(), training);
        Section out = root.section("output");
        Path dir = out.pathAt("dir", "runs/" + config.name());
        int keep = out.intAt("keep", 3);
        int logSteps = out.intUnlessOff("log_steps", 50, 0);
        Optional<OutputConfig> output = out.build(() -> new OutputConfig(dir, keep, logSteps));
        Optional<PublishedResult> published = root.optionalSection("published").flatMap(RunConfig::published);
        config.finish();
        return new RunConfig(
                config.name(),
                model.orElseThrow(),
                data.orElseThrow(),
                train.orElseThrow(),
                output.orElseThrow(),
                published,
                config.resolved());
    }

    /**
     * This config for images that a Java program gives, with {@code data.dataset: custom} and without the keys that say where
     * a dataset is and how it is divided.
     */
    RunConfig withCustomData() {
        List<String> overrides = new ArrayList<>(List.of("data.dataset=custom"));
        for (String key : List.of("path", "validation", "val_share", "split_seed", "class_map", "on_corrupt")) {
            overrides.add("data." + key + "=null");
        }
        return read(Config.parse(resolved, name, overrides));
    }

    /** What is said of weights by name must be about weights there are. */
    private static void fit(ModelConfig model, TrainConfig train, Section s) {
        if (train.groups().groups().isEmpty() && train.freeze().isEmpty()) return;
        Graph graph = model.build();
        train.groups().misfit(graph).ifPresent(what -> s.reject("optimizer.groups", what));
        NamePattern.unmatched(train.freeze(), graph.parameters()).ifPresent(what -> s.reject("freeze", what));
        boolean learns = graph.parameters().stream().anyMatch(w -> w.role().trainable() && train.trains(w.name()));
        if (!learns) s.reject("freeze", "leaves no weight that learns");
    }

    private static Optional<PublishedResult> published(Section s) {
        Optional<Double> top1 = s.has("top1") ? Optional.of(s.doubleAt("top1")) : Optional.empty();
        String source = s.stringAt("source", "");
        return s.build(() -> new PublishedResult(top1, source));
    }
}
