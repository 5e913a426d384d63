package org.vit4j.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.checkpoint.SafeTensors;
import org.vit4j.config.ConfigError;
import org.vit4j.keras.KerasFile;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.model.RandomModel;
import org.vit4j.model.SavedModel;
import org.vit4j.train.Callback;

/** Averaged weights of saved models and of checkpoints. */
@Tag("slow")
class ModelAverageTest {
    @TempDir
    static Path directory;

    private static TrainRun.RunResult run;

    private static RunConfig config(String... more) {
        return TestRuns.config(
                "digits-vit",
                List.of(
                        "model.dim=16",
                        "model.depth=1",
                        "model.heads=2",
                        "train.epochs=3",
                        "train.batch=64",
                        "train.ema={decay: 0.5}",
                        "data.validation=0.9"),
                more);
    }

    @BeforeAll
    static void train() {
        run = TrainRun.run(config(), directory.resolve("run.safetensors"), false, new Callback() {}, () -> false);
    }

    private static List<Path> checkpoints() throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve("run.safetensors/checkpoints"))) {
            return files.sorted().toList(); // with their manifests, as a shell lists them
        }
    }

    private static void assertMean(Path averaged, String prefix, List<Path> checkpoints) {
        List<Map<String, SafeTensors.NamedValues>> arrays =
                checkpoints.stream().map(SafeTensors::read).toList();
        try (KerasFile file = KerasFile.read(averaged)) {
            for (String name : file.shapes().keySet()) {
                float[] values = file.values(name);
                for (int i = 0; i < values.length; i++) {
                    double sum = 0;
                    for (var all : arrays) sum += all.get(prefix + name).values()[i];
                    assertThat(values[i]).as(name).isEqualTo((float) (sum / arrays.size()));
                }
            }
        }
    }

    @Test
    void checkpointsAreAveragedByTheirMovingAverageOrTheirWeights() throws IOException {
        List<Path> weights = checkpoints().stream()
                .filter(f -> f.toString().endsWith(".safetensors"))
                .toList();
        assertThat(weights).hasSize(3);
        Path output = directory.resolve("ema.keras");
        assertThat(new ModelAverage(checkpoints(), OptionalInt.empty(), true).write(output))
                .isEqualTo(weights);
        assertMean(output, "ema/", weights);
        new ModelAverage(checkpoints(), OptionalInt.empty(), false).write(output);
        assertMean(output, "", weights);
        try (SavedModel model = SavedModel.load(output)) {
            assertThat(model.description().classes()).hasSize(10);
            assertThat(model.description().provenance().get("averaged")).contains("step-");
        }
    }

    @Test
    void theBestCheckpointsAreSelectedByTheMeasureOfTheRun() throws IOException {
        List<Path> used =
                new ModelAverage(checkpoints(), OptionalInt.of(2), false).write(directory.resolve("best.keras"));
        List<EpochMetrics> bestFirst = run.state().history().stream()
                .sorted(Comparator.comparingDouble((EpochMetrics m) -> -m.valTop1())
                        .thenComparingDouble(EpochMetrics::valLoss))
                .toList();
        assertThat(used).hasSize(2);
        List<Integer> ofUsed = new ArrayList<>();
        for (Path file : used) {
            var history = CheckpointManifest.read(CheckpointDirectory.manifestOf(file))
                    .state()
                    .history();
            ofUsed.add(history.get(history.size() - 1).epoch());
        }
        assertThat(ofUsed)
                .containsExactly(bestFirst.get(0).epoch(), bestFirst.get(1).epoch());
    }

    @Test
    void checkpointsOfTheFirstEpochAreLeftOutOfTheBest() throws IOException {
        Path steps = directory.resolve("steps");
        RunConfig config = config("train.checkpoint_steps=1", "train.epochs=1", "output.keep=20");
        TrainRun.run(config, steps, false, new Callback() {}, () -> false);
        try (Stream<Path> files = Files.list(steps.resolve("checkpoints"))) {
            List<Path> all = files.sorted().toList();
            assertThat(all).hasSizeGreaterThan(3); // two checkpoints or more, with their manifests
            ModelAverage best = new ModelAverage(all, OptionalInt.of(3), true);
            assertThat(best.write(directory.resolve("last.keras"))).containsExactly(all.get(all.size() - 1));
        }
    }

    @Test
    void checkpointsOfDifferentMeasuresAreNotCompared() throws IOException {
        List<Path> files = new ArrayList<>();
        for (String metric : List.of("accuracy", "loss")) {
            Path run = directory.resolve("by-" + metric);
            TrainRun.run(
                    config("train.epochs=2", "train.best.metric=" + metric),
                    run,
                    false,
                    new Callback() {},
                    () -> false);
            try (Stream<Path> all = Files.list(run.resolve("checkpoints"))) {
                files.addAll(
                        all.filter(f -> f.toString().endsWith(".safetensors")).toList());
            }
        }
        rejected("different train.best", OptionalInt.of(1), files.toArray(Path[]::new));
        new ModelAverage(files, OptionalInt.empty(), false).write(directory.resolve("all.keras"));
    }

    private Path saved(String name, long seed, RunConfig config, List<String> classes) {
        Path file = directory.resolve(name + ".keras");
        RandomModel.write(file, name, config, classes, seed);
        return file;
    }

    @Test
    void savedModelsMustAgree() {
        Path a = saved("a", 1, config(), RandomModel.digits());
        Path b = saved("b", 2, config("train.epochs=9"), RandomModel.digits());
        Path wide = saved("wide", 1, config("model.dim=32"), RandomModel.digits());
        List<String> other = new ArrayList<>(RandomModel.digits());
        other.set(0, "zero");
        Path renamed = saved("renamed", 1, config(), other);
        Path bright = saved("bright", 1, config("data.mean=0.25"), RandomModel.digits());
        Path output = directory.resolve("averaged.keras");
        new ModelAverage(List.of(a, b), OptionalInt.empty(), true).write(output);
        try (KerasFile first = KerasFile.read(a);
                KerasFile second = KerasFile.read(b);
                KerasFile mean = KerasFile.read(output)) {
            float[] x = first.values("head.kernel");
            float[] y = second.values("head.kernel");
            float[] z = mean.values("head.kernel");
            for (int i = 0; i < z.length; i++) assertThat(z[i]).isEqualTo((float) (((double) x[i] + y[i]) / 2));
        }
        rejected("different networks: model.dim is 16 and 32", OptionalInt.empty(), a, wide);
        rejected("different classes", OptionalInt.empty(), a, renamed);
        rejected("different preprocessing", OptionalInt.empty(), a, bright);
        Path square = saved("square", 1, config("model.image.size=[32,32]"), RandomModel.digits());
        assertThat(new ModelAverage(List.of(a, square), OptionalInt.empty(), true).write(output))
                .hasSize(2);
        rejected("expected at least two", OptionalInt.empty(), a);
        rejected("has no metric", OptionalInt.of(1), a, b);
        rejected("does not exist", OptionalInt.empty(), a, directory.resolve("none.keras"));
    }

    @Test
    void damagedCheckpointsAreRejected() throws IOException {
        Path copy = Files.createDirectories(directory.resolve("copy/checkpoints"));
        for (Path file : checkpoints()) Files.copy(file, copy.resolve(file.getFileName()));
        Files.copy(directory.resolve("run.safetensors/last.keras"), directory.resolve("copy/last.keras"));
        List<Path> files;
        try (Stream<Path> list = Files.list(copy)) {
            files = list.filter(f -> f.toString().endsWith(".safetensors"))
                    .sorted()
                    .toList();
        }
        byte[] bytes = Files.readAllBytes(files.get(1));
        bytes[bytes.length - 1] ^= 1;
        Files.write(files.get(1), bytes);
        rejected("damaged (wrong checksum)", OptionalInt.empty(), files.get(0), files.get(1));
        Files.delete(directory.resolve("copy/last.keras"));
        rejected(
                "expected a checkpoint of a run with a finished epoch",
                OptionalInt.empty(),
                files.get(0),
                files.get(2));
    }

    private static void rejected(String message, OptionalInt best, Path... files) {
        assertThatThrownBy(() ->
                        new ModelAverage(List.of(files), best, true).write(directory.resolve("none-written.keras")))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
        assertThat(directory.resolve("none-written.keras")).doesNotExist();
    }
}
