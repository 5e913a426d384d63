package org.vit4j.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.config.ConfigError;
import org.vit4j.io.RunException;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.train.Callback;
import org.vit4j.train.TrainState;

/** Runs survive crashes, full disks and files of other versions: they resume, or fail with one line. */
class CorruptRunTest {
    private static final List<String> TINY = List.of(
            "model.dim=16",
            "model.depth=1",
            "model.heads=2",
            "train.epochs=2",
            "train.batch=256",
            "train.checkpoint_steps=2");
    private static final int STEPS_PER_EPOCH = 5;

    @TempDir
    static Path directory;

    private static Path uninterrupted;

    @BeforeAll
    static void trainUndisturbed() {
        uninterrupted = directory.resolve("uninterrupted");
        assertThat(train(uninterrupted, false, () -> false).finished()).isTrue();
    }

    @AfterAll
    static void clear() {
        uninterrupted = null;
    }

    /** Counts training batches. */
    private static class StepCounter implements Callback {
        int steps;

        @Override
        public void batch(TrainState state, int batches, double imagesPerSecond) {
            steps++;
        }

        @Override
        public void epoch(EpochMetrics metrics, int epochs) {}
    }

    private static RunConfig config() {
        return RunConfig.open("digits-vit", TINY);
    }

    private static TrainRun.RunResult train(Path run, boolean resume, BooleanSupplier stop) {
        return TrainRun.run(config(), run, resume, new StepCounter(), stop);
    }

    /** Trains a run that is stopped after {@code steps} steps. */
    private static Path stopped(String name, int steps) {
        Path run = directory.resolve(name);
        StepCounter counter = new StepCounter();
        assertThat(TrainRun.run(config(), run, false, counter, () -> counter.steps >= steps)
                        .finished())
                .isFalse();
        return run;
    }

    private static byte[] weights(Path model) throws IOException {
        try (ZipFile zip = new ZipFile(model.toFile())) {
            return zip.getInputStream(zip.getEntry("model.weights.h5")).readAllBytes();
        }
    }

    private static List<String> untimed(Path run) throws IOException {
        return Files.readAllLines(run.resolve("metrics.jsonl")).stream()
                .map(line -> line.replaceAll("\"(images_per_second|seconds)\":[^,}]+", ""))
                .toList();
    }

    private static void assertResumesLikeUninterrupted(Path run) throws IOException {
        assertThat(train(run, true, () -> false).finished()).isTrue();
        assertThat(weights(run.resolve("last.keras"))).isEqualTo(weights(uninterrupted.resolve("last.keras")));
        assertThat(weights(run.resolve("model.keras"))).isEqualTo(weights(uninterrupted.resolve("model.keras")));
        assertThat(untimed(run)).isEqualTo(untimed(uninterrupted));
        assertThat(run.resolve("report.html")).exists();
    }

    @Test
    void stoppingDuringValidationLosesNothing() throws IOException {
        Path run = directory.resolve("validating");
        StepCounter counter = new StepCounter();
        // The first check of validation is the second check after the last step of the epoch.
        int[] checks = {0};
        BooleanSupplier stop = () -> counter.steps == STEPS_PER_EPOCH && ++checks[0] == 3;
        assertThat(TrainRun.run(config(), run, false, counter, stop).finished()).isFalse();
        assertThat(run.resolve("metrics.jsonl")).isEmptyFile();
        assertThat(counter.steps).isEqualTo(STEPS_PER_EPOCH);

        StepCounter rest = new StepCounter();
        TrainRun.run(config(), run, true, rest, () -> false);
        assertThat(rest.steps).isEqualTo(STEPS_PER_EPOCH);
        assertResumesLikeUninterrupted(run);
    }

    @Test
    void resumeRecoversFromACrashBetweenModelAndCheckpoint() throws IOException {
        Path run = stopped("model-first", 4);
        // State after a crash that follows writing the models of the epoch.
        Files.copy(uninterrupted.resolve("model.keras"), run.resolve("model.keras"));
        Files.copy(uninterrupted.resolve("last.keras"), run.resolve("last.keras"));
        assertResumesLikeUninterrupted(run);
    }

    @Test
    void resumeRecoversFromACrashAfterTheLastCheckpoint() throws IOException {
        Path run = stopped("nearly-done", 9);
        assertThat(train(run, true, () -> false).finished()).isTrue();
        Files.delete(run.resolve("metrics.jsonl"));
        Files.delete(run.resolve("report.html"));
        assertResumesLikeUninterrupted(run);
    }

    @Test
    void temporaryFilesOfAKilledProcessAreRemoved() throws IOException {
        Path run = stopped("stale", 3);
        Path one = Files.writeString(run.resolve(".last.keras.99999.tmp"), "half");
        Path other = Files.writeString(run.resolve("checkpoints/.step-000000002.json.99999.tmp"), "{");
        assertResumesLikeUninterrupted(run);
        assertThat(one).doesNotExist();
        assertThat(other).doesNotExist();
    }

    @Test
    void finishedEpochsWithoutACheckpointAreNotOverwritten() throws IOException {
        Path run = stopped("lost", 7);
        for (File file : run.resolve("checkpoints").toFile().listFiles()) Files.delete(file.toPath());
        assertThatThrownBy(() -> train(run, true, () -> false))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("has finished epochs but no checkpoint to continue from");
        assertThat(run.resolve("model.keras")).exists();
    }

    @Test
    void keysMissingInAnOlderConfigHaveTheirDefaults() throws IOException {
        Path run = stopped("older", 3);
        Path config = run.resolve("config.yaml");
        List<String> lines = Files.readAllLines(config);
        assertThat(lines).anyMatch(line -> line.contains("freeze_norm"));
        Files.write(
                config,
                lines.stream().filter(line -> !line.contains("freeze_norm")).toList());
        assertResumesLikeUninterrupted(run);
    }

    @Test
    void unknownKeysOfANewerVersionAreReported() throws IOException {
        Path run = stopped("newer", 3);
        Path config = run.resolve("config.yaml");
        Files.writeString(config, Files.readString(config).replace("train:\n", "train:\n  magic: 3\n"));
        assertThatThrownBy(() -> train(run, true, () -> false))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("unknown key 'magic'")
                .hasMessageContaining("started with another version of vit4j")
                .satisfies(e -> assertThat(e.getMessage().lines()).hasSize(1));
    }

    @Test
    void anUnwritableCheckpointEndsTheRunWithOneLine() throws IOException {
        Path run = stopped("blocked", 3);
        // A directory with the name of the next checkpoint.
        Path blocked = run.resolve("checkpoints/step-000000004.safetensors");
        Files.createDirectories(blocked.resolve("blocker"));
        assertThatThrownBy(() -> train(run, true, () -> false))
                .isInstanceOf(RunException.class)
                .hasMessageContaining(blocked + ": cannot be written: ")
                .hasMessageContaining("the last good checkpoint is")
                .hasMessageContaining("step-000000003.safetensors; fix the problem and continue with --resume")
                .satisfies(e -> assertThat(e.getMessage().lines()).hasSize(1));
        Files.delete(blocked.resolve("blocker"));
        Files.delete(blocked);
        assertResumesLikeUninterrupted(run);
    }

    @Test
    void unusableDirectoriesFailWithOneLine() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "x");
        assertThatThrownBy(() -> train(file, true, () -> false)).hasMessageContaining("is a file");
        assertThatThrownBy(() -> train(file.resolve("below"), true, () -> false))
                .isInstanceOf(RunException.class)
                .hasMessageContaining(file.resolve("below") + ": cannot be used for a run: ");
        Path locked = directory.resolve("locked");
        Files.createDirectories(locked.resolve("run.lock"));
        assertThatThrownBy(() -> train(locked, true, () -> false))
                .isInstanceOf(RunException.class)
                .hasMessageContaining(locked + ": cannot be used for a run: ");
    }
}
