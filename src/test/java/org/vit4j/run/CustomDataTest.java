package org.vit4j.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.data.DataConfig;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.datasets.DatasetSplits;
import org.vit4j.data.image.Image;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.model.SavedModel;
import org.vit4j.train.Callback;
import org.vit4j.train.TrainState;

/** Images supplied by a Java program: run and model record {@code dataset: custom}, not the dataset of the config. */
class CustomDataTest {
    @TempDir
    private Path dir;

    /** Noise with cyclic labels. */
    private record Noise(int size, List<String> classes) implements Dataset {
        @Override
        public Image image(int index) {
            float[] pixels = new float[64];
            for (int i = 0; i < 64; i++) pixels[i] = (i * 31 + index * 57) % 256;
            return new Image(8, 8, 1, pixels);
        }

        @Override
        public int label(int index) {
            return index % classes.size();
        }

        @Override
        public String name(int index) {
            return "noise " + index;
        }
    }

    private static RunConfig config(int classes, String... more) {
        List<String> overrides = new java.util.ArrayList<>(List.of(
                "model.dim=16",
                "model.depth=1",
                "model.heads=2",
                "model.classes=" + classes,
                "train.batch=8",
                "train.epochs=1"));
        overrides.addAll(List.of(more));
        return RunConfig.open("digits-vit", overrides);
    }

    private static TrainData data(RunConfig config, boolean split) {
        List<String> classes =
                List.of("left", "right", "up").subList(0, config.model().classes());
        TrainData data = TrainData.of(config, new DatasetSplits(new Noise(16, classes), new Noise(6, classes)));
        return split ? data : new TrainData(data.training(), data.validation(), data.classes());
    }

    private TrainRun.RunResult run(RunConfig config, TrainData data, boolean resume) {
        return TrainRun.run(config, data, dir.resolve("run"), resume, new Silent(), () -> false);
    }

    private static final class Silent implements Callback {
        @Override
        public void batch(TrainState state, int batches, double imagesPerSecond) {}

        @Override
        public void epoch(EpochMetrics metrics, int epochs) {}
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void customDataIsRecordedAsCustom(boolean split) throws IOException {
        RunConfig config = config(3, "data.validation=0.3", "data.split_seed=4");
        TrainRun.RunResult result = run(config, data(config, split), false);
        assertThat(result.finished()).isTrue();
        String recorded = Files.readString(dir.resolve("run/config.yaml"));
        assertThat(Config.values(recorded, "config.yaml"))
                .containsEntry("data.dataset", "custom")
                .doesNotContainKeys("data.validation", "data.split_seed", "data.path");
        try (var files = Files.walk(dir.resolve("run"))) {
            for (Path file : files.filter(f -> f.toString().matches(".*\\.(yaml|json|jsonl|html)"))
                    .toList()) {
                assertThat(Files.readString(file)).as(file.toString()).doesNotContain("dataset: digits");
            }
        }
        assertThat(SavedModel.describe(result.model()).config()).contains("dataset: custom");
        assertThat(run(config(3, "train.epochs=2"), data(config, split), true)
                        .state()
                        .history())
                .hasSize(2);
        RunConfig again = RunConfig.open(dir.resolve("run/config.yaml").toString(), List.of());
        assertThatThrownBy(() -> again.data().open())
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("data.dataset: custom: the dataset of this run was given by a Java program");
    }

    @Test
    void theDatasetOfTheConfigIsRecorded() throws IOException {
        RunConfig config = config(10, "train.batch=512");
        run(config, TrainData.open(config), false);
        assertThat(Files.readString(dir.resolve("run/config.yaml"))).contains("dataset: digits");
        assertThat(config.data().dataset()).isEqualTo(DataConfig.DatasetType.DIGITS);
    }

    @Test
    void oneClassIsRejectedBeforeAnythingIsWritten() {
        RunConfig config = config(1);
        assertThatThrownBy(() -> run(config, data(config, true), false))
                .isInstanceOf(ConfigError.class)
                .hasMessage("digits-vit: the data has 1 class; expected at least two class directories or labels");
        assertThat(dir.resolve("run")).doesNotExist();
    }
}
