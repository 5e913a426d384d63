package org.vit4j.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Curves whose axes a reader can change, the marked best epoch, and the page of a sweep. */
class CurveFiguresTest {
    @TempDir
    Path directory;

    private RunRecord run(String... lines) throws IOException {
        Path run = RunFixtures.write(directory.resolve("run"), "train: {epochs: 3}", 0.5, 0.75, 0.6);
        if (lines.length > 0) Files.write(run.resolve("metrics.jsonl"), List.of(lines));
        return RunRecord.read(run);
    }

    @Test
    void stepsAndTimesOfEachEpochAreOnThePage() throws IOException {
        RunRecord run = run(
                "{\"epoch\":1,\"lr\":0.1,\"val_top1\":0.5,\"val_loss\":1,\"seconds\":2.5,\"step\":44,\"grad_norm\":3.5}",
                "{\"epoch\":2,\"lr\":0.1,\"val_top1\":0.6,\"val_loss\":1,\"seconds\":2,\"step\":88,\"grad_norm\":2.5}");
        String page = RunReport.html(run, Optional.empty(), "finished");
        assertThat(page)
                .contains("'[{\"epoch\":[1,2],\"step\":[44,88],\"time\":[2.5,4.5]}]'", "Gradient norm before clipping");
    }

    @Test
    void runsOfEarlierVersionsHaveNoStepsAndNoGradientNorm() throws IOException {
        String page = RunReport.html(run(), Optional.empty(), "finished");
        assertThat(page)
                .contains("\"step\":[null,null,null],\"time\":[10,21,33]")
                .doesNotContain("Gradient norm");
    }

    @Test
    void theBestEpochIsMarkedInCurvesAndTable() throws IOException {
        String page = RunReport.html(run(), Optional.empty(), "finished");
        assertThat(page)
                .contains(
                        "validation, best epoch 2: 75.00%",
                        "<tr class=\"best\" title=\"best epoch\"><td class=\"n\">2<");
        assertThat(page.split("class=\"best\"", -1)).hasSize(2);
        assertThat(page).contains(">75.00%</td>"); // accuracies of the table as percentages
    }

    @Test
    void onlyThePageOfARunInProgressReloadsItself() throws IOException {
        RunRecord run = run();
        assertThat(RunReport.html(run, Optional.empty(), "training", OptionalInt.of(5)))
                .contains("<meta http-equiv=\"refresh\" content=\"5\"/>");
        assertThat(RunReport.html(run, Optional.empty(), "finished")).doesNotContain("http-equiv");
    }

    @Test
    void sweepPageHasCurvesAndALineForEachRunWithResults() {
        List<SweepPage.SweepRow> rows = List.of(
                row("90.00%", "1e-2", "tanh", 0.9), row("60.00%", "1e-4", "relu", 0.6), row("-", "1e-3", "relu", 0));
        var curve = new Chart.ChartSeries("r1", List.of(new Chart.ChartPoint(1, 0.9)), OptionalDouble.of(1));
        String page = SweepPage.html("sweep", row("top-1", "train.optimizer.lr", "act", 0), rows, List.of(curve));
        RunFixtures.parsed(page);
        String parallel = page.substring(page.indexOf("<svg class=\"parallel\""));
        assertThat(parallel.substring(0, parallel.indexOf("</svg>")).split("<path", -1))
                .hasSize(3);
        // The best run is at the top of the logarithmic axis of rates and of the accuracy.
        assertThat(parallel)
                .contains("class=\"best\" style=\"stroke-opacity:1.00\" d=\"M70.0 34.0L445.0 34.0L820.0 34.0\"");
        assertThat(SweepPage.html("empty", row("top-1", "lr", "act", 0), List.of(), List.of()))
                .doesNotContain("<svg class=\"parallel\"");
    }

    private static SweepPage.SweepRow row(String top1, String rate, String activation, double share) {
        return new SweepPage.SweepRow(List.of(top1), List.of(rate, activation), List.of(), Optional.empty(), share);
    }

    @Test
    void reportOfMetricsWithoutTheFirstEpochsIsWritten() throws IOException {
        Path run = RunFixtures.write(directory.resolve("late"), "model: {arch: vit}", 0.5);
        Path metrics = run.resolve("metrics.jsonl");
        Files.writeString(metrics, Files.readString(metrics).replace("\"epoch\":1,", "\"epoch\":7,"));
        String page = RunReport.html(RunRecord.read(run), Optional.empty(), "finished");
        RunFixtures.parsed(page);
        assertThat(page).contains("epoch 7").contains("50.00%");
    }

    @Test
    void resultsComeBeforeTheValuesThatDiffer() throws IOException {
        String config = "model: {arch: vit}\ntrain: {optimizer: {weight_decay_of_a_long_name: %s}}";
        Path a = RunFixtures.write(directory.resolve("ra"), config.replace("%s", "1"), 0.5);
        Path b = RunFixtures.write(directory.resolve("rb"), config.replace("%s", "2"), 0.6);
        RunComparison comparison = RunComparison.read(List.of(a, b));
        assertThat(comparison.cellsResultsFirst().get(0))
                .startsWith("run", "best top-1", "best loss", "images/s", "time", "weight_decay_of_a_long_name")
                .containsExactlyInAnyOrderElementsOf(comparison.cells().get(0));
        assertThat(comparison.cellsResultsFirst().get(2))
                .startsWith("rb", "60.00%")
                .contains("2");
        assertThat(ComparisonPage.html(comparison))
                .contains("weight_<wbr/>decay_<wbr/>of_<wbr/>a_<wbr/>long_<wbr/>name");
        String sweep = SweepPage.html(
                "s", row("top-1", "train.lr", "act", 0), List.of(row("90.00%", "1", "relu", 1)), List.of());
        assertThat(sweep.indexOf("90.00%")).isBetween(0, sweep.indexOf("relu"));
    }

    @Test
    void comparisonListsTrainingAndDataFirstAndFoldsManyModelKeys() throws IOException {
        StringBuilder model = new StringBuilder();
        for (int i = 0; i < 8; i++) model.append("k" + i + ": %s, ");
        String config = "model: {arch: vit, " + model + "}\ndata: {size: %s}\ntrain: {lr: %s}";
        Path a = RunFixtures.write(directory.resolve("a"), config.replace("%s", "1"), 0.5);
        Path b = RunFixtures.write(directory.resolve("b"), config.replace("%s", "2"), 0.6);
        RunComparison comparison = RunComparison.read(List.of(a, b));
        assertThat(comparison.differences().keySet()).startsWith("train.lr", "data.size", "model.k0");
        String page = ComparisonPage.html(comparison);
        assertThat(page).contains("<summary>8 more keys of the model</summary>");
        assertThat(page.indexOf("train.lr")).isLessThan(page.indexOf("<summary>"));
        assertThat(page.indexOf("model.k0")).isGreaterThan(page.indexOf("<summary>"));
    }

    @Test
    void aSectionThatSomeRunsDoNotHaveIsOneRow() throws IOException {
        Path a = RunFixtures.write(directory.resolve("a"), "model: {arch: vit, d: 1, e: 1, f: 1, g: 1, h: 1}", 0.5);
        Path b = RunFixtures.write(
                directory.resolve("b"),
                "model: {arch: pit, d: 2, e: 2, f: 2, g: 2, h: 2}\ntrain: {ema: {decay: 0.9, warmup: true}, clip: 1}",
                0.6);
        String page = ComparisonPage.html(RunComparison.read(List.of(a, b)));
        assertThat(page)
                .contains("<th scope=\"row\">train.ema</th><td>–</td><td>decay: 0.9, warmup: true</td>")
                .contains("<th scope=\"row\">train.clip</th>")
                .doesNotContain("train.ema.decay");
        assertThat(page.indexOf("Results")).isLessThan(page.indexOf("Config differences"));
    }
}
