package org.vit4j.run;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.vit4j.config.Checks;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.config.Section;
import org.vit4j.data.DataConfig;
import org.vit4j.data.shards.ShardConfig;
import org.vit4j.graph.Graph;
import org.vit4j.models.Model;
import org.vit4j.models.Models;
import org.vit4j.tracking.MlflowConfig;
import org.vit4j.train.TrainConfig;

/**
 * Contents of a config file.
 *
 * @param name of the config, without directory and extension
 * @param resolved all values, including defaults, as YAML
 */
public record RunConfig(
        String name,
        Model model,
        DataConfig data,
        TrainConfig train,
        OutputConfig output,
        Optional<PublishedResult> published,
        String resolved) {

    /**
     * {@code output}: run directory, checkpoints and logging.
     *
     * @param keep number of checkpoints to keep
     * @param logSteps optimizer steps between TensorBoard and MLflow values of loss and learning rate; 0 disables them
     * @param mlflow server that the run is logged to, if there is one
     */
    public record OutputConfig(Path dir, int keep, int logSteps, Optional<MlflowConfig> mlflow) {
        public OutputConfig {
            Checks.check(logSteps >= 0, "log_steps", logSteps, "must be at least 0");
            Checks.check(keep >= 1, "keep", keep, "must be at least 1");
        }
    }

    /** Published ImageNet top-1 accuracy in percent, by the authors or timm. */
    public record PublishedResult(Optional<Double> top1, String source) {}

    /** @throws ConfigError with all problems of the file */
    public static RunConfig open(String nameOrPath, List<String> overrides) {
        return read(Config.open(nameOrPath, overrides));
    }

    /**
     * Reads the config of the run in a directory, under the name of the config that the run was started with.
     *
     * @param overrides {@code path=value}, replacing values of the config
     * @throws ConfigError if the directory holds no run
     */
    public static RunConfig ofRun(Path directory, List<String> overrides) {
        Path file = directory.resolve("config.yaml");
        if (!Files.isRegularFile(file)) throw new ConfigError(directory + ": " + RunDirectory.noRunReason(directory));
        Path name = directory.toAbsolutePath().normalize().getFileName();
        String config = RunInfo.read(directory).map(RunInfo::config).orElse(String.valueOf(name));
        return read(Config.ofRun(file, config, overrides));
    }

    public static RunConfig read(Config config) {
        Section root = config.root();
        Optional<Model> model = Models.builtIn()
                .read(root.section("model"))
                .map(read -> Models.builtIn().of(read, config.name(), config::resolved));
        int height = model.map(m -> m.image().height()).orElse(224);
        int width = model.map(m -> m.image().width()).orElse(224);
        int channels = model.map(m -> m.image().channels()).orElse(3);
        Optional<DataConfig> data = DataConfig.read(root.section("data"), height, width, channels);
        boolean multiLabel = data.flatMap(DataConfig::labels).isPresent();
        Section training = root.section("train");
        Optional<TrainConfig> train = TrainConfig.read(training, multiLabel);
        if (model.isPresent() && train.isPresent()) {
            checkPatterns(model.get(), train.get(), training);
            train.get().best().problem(multiLabel).ifPresent(problem -> training.reject("best", problem));
            if (multiLabel && train.get().distill().isPresent())
                training.reject("distill", "is for images with one label; remove it, or data.labels");
            train.get()
                    .classWeightsProblem(model.get().classes())
                    .ifPresent(problem -> training.section("loss").reject("class_weights", problem));
        }
        Section out = root.section("output");
        Path dir = out.pathAt("dir", "runs/" + config.name());
        int keep = out.intAt("keep", 3);
        int logSteps = out.intUnlessOff("log_steps", 50, 0);
        Optional<MlflowConfig> mlflow = MlflowConfig.read(out);
        Optional<OutputConfig> output = out.build(() -> new OutputConfig(dir, keep, logSteps, mlflow));
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
     * Returns this config for images supplied by a Java program: {@code data.dataset: custom}, without the keys for
     * location and splits of a dataset.
     */
    RunConfig withCustomData() {
        List<String> overrides = new ArrayList<>(List.of("data.dataset=custom"));
        List<String> keys = new ArrayList<>(ShardConfig.KEYS);
        keys.addAll(List.of(
                "path",
                "validation",
                "val_share",
                "split_seed",
                "class_map",
                "on_corrupt",
                "labels",
                "label_separator"));
        for (String key : keys) {
            overrides.add("data." + key + "=null");
        }
        return read(Config.parse(resolved, name, overrides));
    }

    /** Returns this config with a tag of its MLflow run, which is not part of the resolved config. */
    RunConfig withMlflowTag(String name, String value) {
        var tagged = new OutputConfig(
                output.dir, output.keep, output.logSteps, output.mlflow.map(mlflow -> mlflow.withTag(name, value)));
        return new RunConfig(this.name, model, data, train, tagged, published, resolved);
    }

    /** Rejects parameter patterns that match nothing, and freezing all parameters. */
    private static void checkPatterns(Model model, TrainConfig train, Section s) {
        if (train.groups().groups().isEmpty() && train.freeze().rules().isEmpty()) return;
        Graph graph = model.graph();
        train.groups().unmatchedPattern(graph).ifPresent(problem -> s.reject("optimizer.groups", problem));
        train.freeze()
                .problem(graph, train.epochs(), train.headEpochs())
                .ifPresent(problem -> s.reject("freeze", problem));
    }

    private static Optional<PublishedResult> published(Section s) {
        Optional<Double> top1 = s.has("top1") ? Optional.of(s.doubleAt("top1")) : Optional.empty();
        String source = s.stringAt("source", "");
        return s.build(() -> new PublishedResult(top1, source));
    }
}
