package org.vit4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.config.ConfigError;
import org.vit4j.io.Failure;
import org.vit4j.keras.KerasFile;
import org.vit4j.model.SavedModel;

/** Whole runs on a fifth of a second of work: a tiny network on the packaged digits. */
class TrainRunTest {
    private static final List<String> TINY = List.of(
            "model.dim=16",
            "model.depth=1",
            "model.heads=2",
            "model.proj_drop=0.1",
            "train.epochs=2",
            "train.batch=256",
            "train.checkpoint_steps=2");

    private static final Trainer.Progress SILENT = new Trainer.Progress() {
        @Override
        public void batch(TrainState state, int batches, double imagesPerSecond) {}

        @Override
        public void epoch(EpochMetrics metrics, int epochs) {}
    };

    @TempDir
    Path directory;

    private static RunConfig config(String... more) {
        List<String> overrides = new ArrayList<>(TINY);
        overrides.addAll(List.of(more));
        return RunConfig.open("digits-vit", overrides);
    }

    private TrainRun.Result train(String name, boolean resume, int stopAfter) {
        AtomicInteger steps = new AtomicInteger();
        return TrainRun.run(
                config(),
                directory.resolve(name),
                resume,
                SILENT,
                () -> steps.incrementAndGet() >= stopAfter && stopAfter > 0);
    }

    private static List<float[]> weights(Path model) {
        List<float[]> all = new ArrayList<>();
        try (KerasFile file = KerasFile.read(model)) {
            for (String name : file.shapes().keySet()) all.add(file.values(name));
        }
        return all;
    }

    private static List<String> untimed(Path run) throws IOException {
        return Files.readAllLines(run.resolve("metrics.jsonl")).stream()
                .map(line -> line.replaceAll(",\"images_per_second.*", ""))
                .toList();
    }

    @Test
    void theSameSeedGivesTheSameBitsTwice() throws IOException {
        train("a", false, -1);
        train("b", false, -1);
        assertThat(weights(directory.resolve("b/last.keras")))
                .containsExactlyElementsOf(weights(directory.resolve("a/last.keras")));
        assertThat(untimed(directory.resolve("b"))).isEqualTo(untimed(directory.resolve("a")));
    }

    @Test
    void aRunStoppedInAnEpochAndResumedIsTheRunThatWasNot() throws IOException {
        train("whole", false, -1);
        for (int stop : new int[] {1, 3, 5, 8}) {
            String name = "stopped-" + stop;
            assertThat(train(name, false, stop).finished()).isFalse();
            assertThat(train(name, true, -1).finished()).isTrue();
            assertThat(weights(directory.resolve(name + "/last.keras")))
                    .as("stopped after " + stop)
                    .containsExactlyElementsOf(weights(directory.resolve("whole/last.keras")));
            assertThat(untimed(directory.resolve(name))).isEqualTo(untimed(directory.resolve("whole")));
        }
    }

    @Test
    void aDamagedCheckpointIsPassedOverForTheOneBefore() throws IOException {
        train("whole", false, -1);
        train("torn", false, 8);
        Path newest = newest(directory.resolve("torn/checkpoints"));
        byte[] bytes = Files.readAllBytes(newest);
        bytes[bytes.length - 5] ^= 1;
        Files.write(newest, bytes);
        assertThat(train("torn", true, -1).finished()).isTrue();
        assertThat(weights(directory.resolve("torn/last.keras")))
                .containsExactlyElementsOf(weights(directory.resolve("whole/last.keras")));
    }

    private static Path newest(Path checkpoints) throws IOException {
        try (Stream<Path> files = Files.list(checkpoints)) {
            return files.filter(f -> f.toString().endsWith(".safetensors"))
                    .max(Comparator.comparing(Path::toString))
                    .orElseThrow();
        }
    }

    @Test
    void resumingWhatIsNotThereStartsAndWhatIsFinishedReturns() {
        assertThat(train("new", true, -1).finished()).isTrue();
        AtomicInteger asked = new AtomicInteger();
        var again = TrainRun.run(config(), directory.resolve("new"), true, SILENT, () -> asked.incrementAndGet() < 0);
        assertThat(again.finished()).isTrue();
        assertThat(asked).hasValue(0);
    }

    @Test
    void aRunIsNotResumedWithAnotherRecipe() {
        train("run", false, 2);
        RunConfig other = config("train.optimizer.lr=0.5");
        assertThatThrownBy(() -> TrainRun.run(other, directory.resolve("run"), true, SILENT, () -> false))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("train.optimizer.lr: 0.001")
                .hasMessageContaining("it is 0.5");
    }

    @Test
    void anEarlierRunIsMovedAsideNotOverwritten() {
        train("run", false, -1);
        train("run", false, -1);
        assertThat(directory.resolve("run~1/model.keras")).exists();
        assertThat(directory.resolve("run/model.keras")).exists();
    }

    @Test
    void aLossThatIsNoNumberStopsTheRunAndKeepsTheCheckpoints() {
        RunConfig wild = config(
                "train.optimizer.lr=1e30", "train.schedule.warmup_epochs=0", "train.clip=1e30", "model.norm_eps=1e-30");
        Path run = directory.resolve("wild");
        assertThatThrownBy(() -> TrainRun.run(wild, run, false, SILENT, () -> false))
                .isInstanceOf(Failure.class)
                .hasMessageContaining("the loss became")
                .hasMessageContaining("in step 2 (epoch 1), first in blocks.0.")
                .hasMessageContaining("there is no good checkpoint yet");
        assertThat(run.resolve("model.keras")).doesNotExist();
    }

    @Test
    void aRunDirectoryHoldsWhatItMust() {
        var result = train("run", false, -1);
        for (String name : List.of(
                "config.yaml",
                "metrics.jsonl",
                "environment.json",
                "model.keras",
                "last.keras",
                "checkpoints",
                "report.html")) {
            assertThat(result.directory().resolve(name)).exists();
        }
        RunConfig again =
                RunConfig.open(result.directory().resolve("config.yaml").toString(), List.of());
        assertThat(again.resolved()).isEqualTo(config().resolved());
        try (SavedModel model = SavedModel.load(result.model())) {
            assertThat(model.description().classes()).hasSize(10);
            assertThat(model.description().provenance()).containsKey("nd4j_backend");
        }
    }

    @Test
    void twoRunsDoNotShareADirectory() {
        try (RunDirectory held = RunDirectory.open(directory.resolve("run"), false)) {
            assertThat(held.path()).exists();
            assertThatThrownBy(() -> RunDirectory.open(directory.resolve("run"), true))
                    .isInstanceOf(ConfigError.class)
                    .hasMessageContaining("another vit4j is training in it");
        }
    }

    @Test
    void theClassesOfModelAndDataMustAgree() {
        assertThatThrownBy(() ->
                        TrainRun.run(config("model.classes=7"), directory.resolve("run"), false, SILENT, () -> false))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("model.classes is 7 but the data has 10 classes");
        assertThat(directory.resolve("run")).doesNotExist();
    }
}
