package org.vit4j.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.config.ConfigError;

/** Tests the comparison of generated run directories. */
class RunComparisonTest {
    private static final String MODEL =
            "model: {arch: vit, image: {size: 32, channels: 1}, classes: 10, patch_size: 4, dim: %d, depth: 1, heads: 2}\n";

    @TempDir
    Path directory;

    private Path run(String name, int dim, String lr, double... top1) throws IOException {
        String train =
                "train: {epochs: 4, optimizer: {name: adamw, lr: " + lr + "}}\noutput: {dir: runs/" + name + "}\n";
        return RunFixtures.write(directory.resolve(name), String.format(Locale.ROOT, MODEL, dim) + train, top1);
    }

    @Test
    void mapsContainTheResultsOfTheRuns() throws IOException {
        RunComparison comparison =
                RunComparison.read(List.of(run("a", 16, "0.1", 0.5, 0.9, 0.8), run("b", 32, "0.2", 0.25, 0.75)));
        Map<String, Object> a = comparison.toMaps().get(0);
        assertThat(a).containsEntry("run", directory.resolve("a").toString());
        assertThat(a).containsEntry("epochs", 3).containsEntry("epochs_planned", 4);
        assertThat(a).containsEntry("seconds", 33.0).containsEntry("images_per_second", 101.0);
        assertThat(a.get("best")).hasToString("{epoch=2, val_top1=0.9, val_loss=0.8, averaged=false}");
        assertThat(a.get("last").toString()).startsWith("{epoch=3, val_top1=0.8,");
        assertThat(a.get("differs")).isEqualTo(Map.of("model.dim", "16", "train.optimizer.lr", "0.1"));

        assertThat(a).containsEntry("parameters", parameters(16));
        assertThat(comparison.toMaps().get(1)).containsEntry("parameters", parameters(32));
        assertThat(comparison.bestRow()).isZero();
    }

    /** A ViT of one block at 32 px, patch 4, one channel, 10 classes, mlp_ratio 4. */
    private static long parameters(long d) {
        long embed = 16 * d + d + d + 65 * d; // kernel, bias, class token, positions
        long attention = 3 * d * d + 3 * d + d * d + d;
        long mlp = 8 * d * d + 5 * d;
        long norms = 3 * 2 * d;
        return embed + attention + mlp + norms + 10 * d + 10;
    }

    @Test
    void tableHasOneLinePerRun() throws IOException {
        String table = RunComparison.read(
                        List.of(run("a", 16, "0.1", 0.5, 0.9, 0.8), run("long-name", 16, "0.2", 0.25, 0.75)))
                .table();
        List<String> lines =
                table.lines().map(line -> line.replaceAll(" {2,}", "|")).toList();
        assertThat(lines)
                .containsExactly(
                        "run|lr|best top-1|best epoch|best loss|last top-1|last loss|epochs|time|images/s|parameters",
                        "a|0.1|90.00%|2|0.8|80.00%|0.64|3/4|0:33|101|"
                                + String.format(Locale.ROOT, "%,d", parameters(16)),
                        "long-name|0.2|75.00%|2|0.8|75.00%|0.8|2/4|0:21|100.5|"
                                + String.format(Locale.ROOT, "%,d", parameters(16)));
    }

    @Test
    void runsWithEqualNamesAreShownWithTheirPaths() throws IOException {
        Path one = run("x/vit", 16, "0.1", 0.5);
        Path two = run("y/vit", 16, "0.1", 0.5);
        assertThat(RunComparison.read(List.of(one, two)).table()).contains(one.toString(), two.toString());
    }

    @Test
    void manyDifferencesAreListedBelowTheTableByValue() throws IOException {
        List<Path> runs = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            String keys = IntStream.range(0, 9)
                    .mapToObj(k -> "k" + k)
                    .collect(Collectors.joining(": " + i / 2 + ", ", "{", ": 0}"));
            runs.add(RunFixtures.write(
                    directory.resolve("r" + i), "all: " + keys + "\nextra: {e" + i / 2 + ": 1}", 0.5));
        }
        RunComparison comparison = RunComparison.read(runs);
        assertThat(comparison.table())
                .contains("config differences:\n  all.k0: 0 (r0, r1), 1 (r2)\n")
                .contains("extra.e1: – (r0, r1), 1 (r2)");
        assertThat(comparison.differences()).hasSize(10).doesNotContainKey("all.k8");
        RunFixtures.parsed(ComparisonPage.html(comparison));
        assertThat(comparison.toMaps().get(0)).containsEntry("parameters", null).containsEntry("epochs_planned", null);
    }

    @Test
    void eachInvalidDirectoryIsReportedOnItsOwnLine() throws IOException {
        Path good = run("good", 16, "0.1", 0.5);
        Path file = Files.writeString(directory.resolve("file"), "");
        Path empty = Files.createDirectories(directory.resolve("empty"));
        Path fresh = run("fresh", 16, "0.1");
        Path truncated = run("truncated", 16, "0.1", 0.5, 0.6);
        Files.writeString(truncated.resolve("metrics.jsonl"), "{\"epoch\":1,\"val_top1\":0.5}\n{\"epoch\":2,\"val");
        Path list = run("list", 16, "0.1", 0.5);
        Files.writeString(list.resolve("metrics.jsonl"), "[1, 2]\n");
        Path yaml = run("yaml", 16, "0.1", 0.5);
        Files.writeString(yaml.resolve("config.yaml"), "a: [1,\n");
        List<Path> all = List.of(good, directory.resolve("none"), file, empty, fresh, truncated, list, yaml);
        assertThatThrownBy(() -> RunComparison.read(all))
                .isInstanceOf(ConfigError.class)
                .satisfies(e -> assertThat(e.getMessage().lines())
                        .satisfiesExactly(
                                line -> assertThat(line).contains("none: does not exist"),
                                line -> assertThat(line).contains("file: not a directory"),
                                line -> assertThat(line).contains("empty: not a run directory"),
                                line -> assertThat(line).contains("fresh: no epoch of this run has finished yet"),
                                line -> assertThat(line).contains("metrics.jsonl:2: not valid JSON"),
                                line -> assertThat(line).contains("metrics.jsonl:1: not valid JSON"),
                                line -> assertThat(line)
                                        .contains("config.yaml:")
                                        .contains("not valid YAML")));
    }

    @Test
    void theBestRunFollowsTheMeasureOfTheRuns() throws IOException {
        List<Path> runs = new ArrayList<>();
        for (String measure : List.of("loss", "map", "accuracy")) {
            String best = "train: {best: {metric: " + measure + "}}";
            Path accurate = RunFixtures.write(directory.resolve(measure + "/accurate"), best, 0.9);
            Path other = RunFixtures.write(directory.resolve(measure + "/other"), best, 0.5, 0.5); // its loss is lower
            metric(accurate, "val_map", 0.25);
            metric(other, "val_map", 0.75);
            RunComparison comparison = RunComparison.read(List.of(accurate, other));
            assertThat(comparison.bestRow()).as(measure).isEqualTo(measure.equals("accuracy") ? 0 : 1);
            String page = ComparisonPage.html(comparison);
            assertThat(comparison.table().contains("best map")).isEqualTo(measure.equals("map"));
            switch (measure) {
                case "loss" -> assertThat(page).contains("with a validation loss of 0.8.");
                case "map" -> {
                    assertThat(page).contains("with a validation map of 0.75.");
                    assertThat(comparison.toMaps().get(1).get("best").toString())
                            .contains("val_map=0.75");
                }
                default -> assertThat(page).contains("with 90.00% of the validation images");
            }
            runs.addAll(List.of(other, accurate));
        }
        assertThat(RunComparison.read(runs).bestRow()).isEqualTo(1); // different measures: by accuracy
    }

    private static void metric(Path run, String key, double value) throws IOException {
        Path file = run.resolve("metrics.jsonl");
        Files.writeString(file, Files.readString(file).replace("}", ",\"" + key + "\":" + value + "}"));
    }

    @Test
    void runsWithoutAFinishedEpochAreLeftOutIfThereAreOthers() throws IOException {
        Path good = run("good", 16, "0.1", 0.5);
        Path fresh = run("fresh", 16, "0.1");
        RunComparison comparison = RunComparison.read(List.of(fresh, good));
        assertThat(comparison.rows()).hasSize(1);
        assertThat(comparison.unfinished()).containsExactly(fresh);
        assertThat(RunFixtures.parsed(ComparisonPage.html(comparison))
                        .getDocumentElement()
                        .getTextContent())
                .contains("Without a finished epoch, not in the table: " + fresh);
        assertThat(ComparisonPage.html(RunComparison.read(List.of(good)))).doesNotContain("finished epoch");
        assertThatThrownBy(() -> RunComparison.read(List.of(fresh)))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("fresh: no epoch of this run has finished yet");
    }

    @Test
    void pageOfManyLongRunsIsWellFormedAndBelowFiveMegabytes() throws IOException {
        List<Path> runs = new ArrayList<>();
        double[] top1 = IntStream.range(0, 300)
                .mapToDouble(i -> 1 - Math.exp(-i / 50.0))
                .toArray();
        Path first = RunFixtures.write(directory.resolve("first"), "", top1);
        for (int i = 0; i < 100; i++) {
            Path run = RunFixtures.write(directory.resolve("run <" + i + ">"), "train: {seed: " + i + "}");
            Files.copy(
                    first.resolve("metrics.jsonl"), run.resolve("metrics.jsonl"), StandardCopyOption.REPLACE_EXISTING);
            runs.add(run);
        }
        String page = ComparisonPage.html(RunComparison.read(runs));
        assertThat(page.length()).isLessThan(5_000_000);
        var parsed = RunFixtures.parsed(page);
        assertThat(parsed.getElementsByTagName("input").getLength()).isEqualTo(100 + 2); // runs; controls of the charts
        assertThat(parsed.getDocumentElement().getTextContent()).contains("run <99>");
    }

    @Test
    void nanMetricsAreReadAndShown() throws IOException {
        Path run = run("nan", 16, "0.1", 0.5);
        Files.writeString(
                run.resolve("metrics.jsonl"),
                "{\"epoch\":1,\"val_top1\":0.5,\"val_loss\":\"NaN\",\"val_ema_top1\":null}\n");
        assertThat(RunComparison.read(List.of(run)).table()).contains("NaN").doesNotContain("EMA");
    }

    @Test
    void bestEpochIsChosenFromWeightsAndEmaAsByTheTrainer() throws IOException {
        Path run = run("ema", 16, "0.1", 0.5);
        String line = "{\"epoch\":%d,\"val_top1\":%s,\"val_loss\":1.0,\"val_ema_top1\":%s,\"val_ema_loss\":%s}\n";
        Files.writeString(
                run.resolve("metrics.jsonl"),
                String.format(Locale.ROOT, line, 1, 0.5, 0.25, 0.5)
                        + String.format(Locale.ROOT, line, 2, 0.5, 0.625, 2.0)
                        + String.format(Locale.ROOT, line, 3, 0.25, 0.625, 0.5)
                        + String.format(Locale.ROOT, line, 4, 0.625, 0.625, 0.5));
        RunComparison comparison = RunComparison.read(List.of(run));
        assertThat(comparison.toMaps().get(0).get("best"))
                .hasToString("{epoch=3, val_top1=0.625, val_loss=0.5, averaged=true}");
        assertThat(comparison.table()).contains("3 EMA").contains("last EMA top-1");
    }
}
