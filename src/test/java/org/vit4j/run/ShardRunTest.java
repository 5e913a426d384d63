package org.vit4j.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.config.ConfigError;
import org.vit4j.data.datasets.DatasetSplits;
import org.vit4j.data.datasets.ImageFolder;
import org.vit4j.data.datasets.OnCorrupt;
import org.vit4j.data.image.TestImages;
import org.vit4j.data.shards.TestShards;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.train.Callback;
import org.vit4j.train.TrainState;

/** Training from shards equals training from a folder, and resumes exactly. */
class ShardRunTest {
    private static final Callback SILENT = new Callback() {
        @Override
        public void batch(TrainState state, int batches, double imagesPerSecond) {}

        @Override
        public void epoch(EpochMetrics metrics, int epochs) {}
    };

    @TempDir
    Path dir;

    private RunConfig config(String dataset, String path, String... more) {
        List<String> overrides = new ArrayList<>(List.of(
                "model.dim=16",
                "model.depth=1",
                "model.heads=2",
                "train.epochs=2",
                "train.batch=16",
                "train.checkpoint_steps=3",
                "data.dataset=" + dataset,
                "data.path=" + dir.resolve(path)));
        overrides.addAll(List.of(more));
        return RunConfig.open("digits-vit", overrides);
    }

    private List<String> train(RunConfig config, String name, int... stops) throws IOException {
        Path run = dir.resolve(name);
        for (int i = 0; i <= stops.length; i++) {
            int stop = i < stops.length ? stops[i] : Integer.MAX_VALUE;
            AtomicInteger steps = new AtomicInteger();
            TrainRun.run(config, run, i > 0, SILENT, () -> steps.incrementAndGet() >= stop);
        }
        return Files.readAllLines(run.resolve("metrics.jsonl")).stream()
                .map(line -> line.replaceAll(",\"images_per_second.*", ""))
                .toList();
    }

    /** Writes the digits of the shards to a folder; shards have the order of a folder, which is that of the classes. */
    private void folderAndShards() {
        List<Integer> digits = new ArrayList<>();
        for (int i = 0; i < 120; i++) digits.add(i);
        digits.sort((a, b) -> Integer.compare(TestShards.label(a), TestShards.label(b)));
        var members = new java.util.LinkedHashMap<String, byte[]>();
        for (int i = 0; i < digits.size(); i++) {
            int digit = digits.get(i);
            String split = i % 4 == 0 ? "val" : "train";
            String name = String.format(java.util.Locale.ROOT, "%03d", i);
            TestImages.write(
                    dir.resolve("folder/" + split + "/" + TestShards.label(digit) + "/" + name + ".png"),
                    TestShards.png(digit));
            members.put(split + "/" + name + ".png", TestShards.png(digit));
            members.put(split + "/" + name + ".cls", TestShards.text("" + TestShards.label(digit)));
        }
        for (String split : List.of("train", "val")) {
            var part = new java.util.LinkedHashMap<>(members);
            part.keySet().removeIf(name -> !name.startsWith(split + "/"));
            TestShards.tar(dir.resolve("shards/" + split + ".tar"), part);
        }
    }

    @Test
    void lossesEqualThoseOfTheFolderInTheSameOrder() throws IOException {
        folderAndShards();
        List<String> folder = train(config("image-folder", "folder"), "run-folder");
        assertThat(folder).hasSize(2);
        assertThat(train(config("webdataset", "shards"), "run-shards")).isEqualTo(folder);
        DatasetSplits split = ImageFolder.open(dir.resolve("folder"), 1, OnCorrupt.FAIL);
        assertThat(split.train().size()).isEqualTo(90);
    }

    @Test
    void runsFromTarAndParquetAreEqualAndResumeExactly() throws IOException {
        TestShards.tars(dir.resolve("shards"), 20, 30, 50, 25);
        TestShards.tables(dir.resolve("tables"), 20, 30, 50, 25);
        String[] options = {
            "data.shuffle_buffer=20",
            "train.mixup={mixup: 0.8}",
            "train.workers=2",
            "train.loss={class_weights: balanced}"
        };
        RunConfig tar = config("webdataset", "shards", options);
        List<String> expected = train(tar, "tar");
        assertThat(train(tar, "tar-resumed", 2, 3, 6)).isEqualTo(expected);
        RunConfig parquet = config("parquet", "tables", options);
        assertThat(train(parquet, "parquet")).isEqualTo(expected);
        assertThat(train(parquet, "parquet-resumed", 4, 5)).isEqualTo(expected);
        for (String run : List.of("tar-resumed", "parquet-resumed"))
            assertThat(last(run)).hasSameBinaryContentAs(last("tar"));
    }

    private Path last(String run) {
        String[] names =
                dir.resolve(run).resolve("checkpoints").toFile().list((d, name) -> name.endsWith(".safetensors"));
        java.util.Arrays.sort(names);
        return dir.resolve(run).resolve("checkpoints").resolve(names[names.length - 1]);
    }

    @Test
    void optionsThatDoNotFitAreRefused() {
        TestShards.tables(dir.resolve("tables"), 20, 30);
        assertThatThrownBy(() -> config("parquet", "tables", "data.sampling=balanced")
                        .data()
                        .open())
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("data.sampling: balanced reads single images");
        assertThatThrownBy(() -> config("webdataset", "tables").data().open())
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("tables: has no .tar files");
        assertThatThrownBy(() ->
                        RunConfig.open("digits-vit", List.of("data.dataset=webdataset", "data.path=hdfs://host/x")))
                .hasMessageContaining("must be on this machine for webdataset");
    }
}
