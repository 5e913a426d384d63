package org.vit4j.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.config.ConfigError;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.train.Callback;
import org.vit4j.train.TrainState;

/** Sweeps with a tiny network: planning, skipping of finished runs, failures, summary files. */
class SweepTest {
    private static final List<String> TINY = List.of(
            "model.dim=16",
            "model.depth=1",
            "model.heads=2",
            "train.epochs=1",
            "train.batch=256",
            "train.schedule.warmup_epochs=0",
            "train.checkpoint_steps=2");

    @TempDir
    Path directory;

    /** Counts steps. */
    private static final class Steps implements Callback {
        private int done;

        @Override
        public void batch(TrainState state, int batches, double imagesPerSecond) {
            done++;
        }

        @Override
        public void epoch(EpochMetrics metrics, int epochs) {}
    }

    private SweepPlan plan(String name, String... sweeps) {
        return Sweep.plan("digits-vit", TINY, List.of(sweeps), Optional.of(directory.resolve(name)));
    }

    private static SweepSummary run(SweepPlan plan, boolean resume, BooleanSupplier stop) {
        return Sweep.run(plan, resume, new Steps(), stop);
    }

    @Test
    void initialWeightsAndTeachersAreCheckedBeforeTheFirstRun() throws IOException {
        Path weights = directory.resolve("none.keras");
        for (String path : List.of("train.init.weights", "train.distill.teacher")) {
            SweepPlan plan = plan("weights", path + "=" + weights + "," + directory.resolve("other.keras"));
            assertThatThrownBy(() -> run(plan, false, () -> false))
                    .isInstanceOf(ConfigError.class)
                    .hasMessageContaining("none.keras")
                    .hasMessageContaining("other.keras");
            assertThat(directory.resolve("weights")).doesNotExist();
        }
    }

    @Test
    void valuesAreSplitAtCommasOutsideBracketsAndQuotes() {
        assertThat(SweepAxis.parse("a.b=1e-3,5e-4").values()).containsExactly("1e-3", "5e-4");
        assertThat(SweepAxis.parse("b=[7,3],[3, 3],5").values()).containsExactly("[7,3]", "[3, 3]", "5");
        assertThat(SweepAxis.parse("b={mode: agc, value: 1},null,'x,y'").values())
                .containsExactly("{mode: agc, value: 1}", "null", "'x,y'");
        for (String wrong : List.of("lr", "=1", "lr=", "lr=1,,2", "lr=1,1", "b=[1,2", "b='1")) {
            assertThatThrownBy(() -> SweepAxis.parse(wrong))
                    .isInstanceOf(ConfigError.class)
                    .hasMessageStartingWith("--sweep " + wrong + ": ");
        }
    }

    @Test
    void aSweepHasAtLeastOneAxis() {
        assertThatThrownBy(() -> Sweep.plan("digits-vit", List.of(), List.of(), Optional.of(directory)))
                .isInstanceOf(ConfigError.class)
                .hasMessage("sweep: expected at least one path=value,value");
    }

    @Test
    void directoriesAreNamedByTheirValues() {
        SweepPlan plan = plan("s", "train.optimizer.lr=1e-3,5e-4", "train.optimizer.betas=[0.9,0.99],[0.9, 0.999]");
        assertThat(plan.runs().stream().map(SweepPlan.SweepEntry::name))
                .containsExactly(
                        "lr=1e-3,betas=0.9-0.99",
                        "lr=1e-3,betas=0.9-0.999",
                        "lr=5e-4,betas=0.9-0.99",
                        "lr=5e-4,betas=0.9-0.999");
        assertThat(plan.runs().get(2).config().train().optimizer().lr()).isEqualTo(5e-4);
        assertThat(plan.runs().get(2).config().output().dir()).isEqualTo(directory.resolve("s/lr=5e-4,betas=0.9-0.99"));
        SweepPlan ambiguous = plan("s", "train.schedule.name=cosine", "train.optimizer.name=adamw,adam");
        assertThat(ambiguous.runs().get(1).name()).isEqualTo("train.schedule.name=cosine,train.optimizer.name=adam");
        assertThat(directory.resolve("s")).doesNotExist();
    }

    @Test
    void allProblemsAreReportedBeforeTraining() {
        assertThatThrownBy(() -> plan("s", "model.heads=2,3,5", "train.optimizer.lr=1e-3,high", "train.seeds=1,2"))
                .isInstanceOf(ConfigError.class)
                .satisfies(e -> assertThat(e.getMessage().lines())
                        .anyMatch(line ->
                                line.startsWith("--sweep train.optimizer.lr=high: train.optimizer.lr: expected"))
                        .anyMatch(line ->
                                line.startsWith("--sweep train.seeds=1:") && line.contains("did you mean 'seed'"))
                        .anyMatch(line ->
                                line.startsWith("--sweep model.heads=5:") && line.contains("multiple of heads (5)"))
                        .hasSize(5));
        // A rule that involves two axes names the runs that violate it.
        assertThatThrownBy(() -> plan("s", "train.schedule.min_lr=1e-5,1e-2", "train.optimizer.lr=1e-3,1e-1"))
                .hasMessageMatching("--sweep min_lr=1e-2,lr=1e-3: .*min_lr \\(0.01\\) must be between.*");
        assertThatThrownBy(() -> plan("s", "model.classes=10,7")).hasMessageContaining("model.classes is 7");
        assertThatThrownBy(() -> plan("s", "output.dir=a,b")).hasMessageContaining("has its own directory");
        assertThatThrownBy(() -> plan("s", "train.seed=1,2", "train.seed=3")).hasMessageContaining("duplicate axis");
        assertThatThrownBy(() -> plan("s", "train.optimizer.lr=1e-3,0.001")).hasMessageContaining("are the same run");
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void aResumedSweepEqualsTheUninterruptedSweep() throws IOException {
        SweepSummary uninterrupted = run(plan("uninterrupted", "train.seed=1,2,3"), false, () -> false);
        assertThat(uninterrupted.hasUnfinishedRuns()).isFalse();
        SweepPlan plan = plan("stopped", "train.seed=1,2,3");
        Steps steps = new Steps();
        SweepSummary stopped = Sweep.run(plan, false, steps, () -> steps.done >= 8); // 5 steps per epoch
        assertThat(stopped.hasUnfinishedRuns()).isTrue();
        assertThat(stopped.rows().stream().map(row -> row.state().label()))
                .containsExactlyInAnyOrder("finished", "stopped", "waiting");

        Steps rest = new Steps();
        SweepSummary resumed = Sweep.run(plan, true, rest, () -> false);
        assertThat(rest.done).isEqualTo(3 * 5 - 8);
        assertThat(resumed.rows()).hasSize(3).allMatch(row -> row.state() == SweepSummary.SweepState.FINISHED);
        for (int i = 0; i < 3; i++) {
            assertThat(resumed.rows().get(i).best())
                    .isEqualTo(uninterrupted.rows().get(i).best());
            assertThat(resumed.rows().get(i).values())
                    .isEqualTo(uninterrupted.rows().get(i).values());
        }
        Steps none = new Steps();
        assertThat(Sweep.run(plan, true, none, () -> false).rows()).isEqualTo(resumed.rows());
        assertThat(none.done).isZero();
    }

    @Test
    void earlyStoppedRunsContinueOnlyWithMorePatience() {
        assertThat(epochs(Sweep.run(withoutProgress(1), false, new Steps(), () -> false)))
                .isEqualTo(2);
        Steps none = new Steps();
        assertThat(epochs(Sweep.run(withoutProgress(1), true, none, () -> false)))
                .isEqualTo(2);
        assertThat(none.done).isZero();
        assertThat(epochs(Sweep.run(withoutProgress(3), true, new Steps(), () -> false)))
                .isEqualTo(4);
    }

    /** Updates too small to change any weight: no epoch improves on the first. */
    private SweepPlan withoutProgress(int patience) {
        List<String> recipe = Stream.concat(
                        TINY.stream(),
                        Stream.of(
                                "train.epochs=9",
                                "train.optimizer.lr=1e-30",
                                "train.schedule.min_lr=0",
                                "train.schedule.warmup_lr=0",
                                "train.early_stop.patience=" + patience))
                .toList();
        return Sweep.plan(
                "digits-vit", recipe, List.of("train.seed=1"), Optional.of(directory.resolve("without-progress")));
    }

    private static int epochs(SweepSummary summary) {
        return summary.rows().get(0).epochs();
    }

    @Test
    void aFailedRunIsRecordedAndTheOthersAreTrained() throws IOException {
        SweepPlan plan = plan("s", "train.optimizer.lr=1e30,1e-3", "train.clip=1e30");
        SweepSummary summary = run(plan, false, () -> false);
        assertThat(summary.hasFailedRuns()).isTrue();
        assertThat(summary.hasUnfinishedRuns()).isFalse();
        assertThat(summary.rows().get(0).values())
                .isEqualTo(Map.of("train.optimizer.lr", "1e-3", "train.clip", "1e30"));
        assertThat(summary.rows().get(0).state()).isEqualTo(SweepSummary.SweepState.FINISHED);
        assertThat(summary.rows().get(1).state()).isEqualTo(SweepSummary.SweepState.FAILED);
        assertThat(summary.rows().get(1).problem()).contains("the loss became");

        Path s = directory.resolve("s");
        JsonNode json = new ObjectMapper().readTree(s.resolve("sweep.json").toFile());
        assertThat(json.path("axes").path("train.optimizer.lr").toString()).isEqualTo("[\"1e30\",\"1e-3\"]");
        assertThat(json.path("runs").path(0).path("val_top1").asDouble())
                .isEqualTo(summary.rows().get(0).best().orElseThrow().top1());
        assertThat(json.path("runs").path(1).path("val_top1").isNull()).isTrue();
        assertThat(Files.readAllLines(s.resolve("sweep.csv")))
                .hasSize(3)
                .first()
                .asString()
                .startsWith("train.optimizer.lr,train.clip,val_top1,val_loss");
        assertThat(Files.readString(s.resolve("sweep.html")))
                .contains("href=\"lr=1e-3,clip=1e30/report.html\"")
                .contains("href=\"lr=1e30,clip=1e30/report.html\"");
        assertThat(summary.text().lines()).hasSize(3);
    }

    @Test
    void theBestRunFollowsTheMeasureOfTheRuns() throws IOException {
        List<String> config = new ArrayList<>(TINY);
        config.addAll(List.of("train.epochs=2", "train.best.metric=f1"));
        SweepPlan plan = Sweep.plan(
                "digits-vit",
                config,
                List.of("train.optimizer.lr=1e-5,1e-2", "train.seed=1,2"),
                Optional.of(directory.resolve("f1")));
        SweepSummary summary = run(plan, false, () -> false);
        List<Double> values = summary.rows().stream()
                .map(row -> row.measure().value(row.metrics().orElseThrow()))
                .toList();
        assertThat(values).isSortedAccordingTo(Comparator.reverseOrder()).doesNotContain(Double.NaN);
        assertThat(summary.text().lines().findFirst().orElseThrow())
                .contains("loss  ")
                .contains("  f1  ");
        List<String> csv = Files.readAllLines(directory.resolve("f1/sweep.csv"));
        assertThat(csv.get(0)).contains("val_top1,val_loss,val_f1,best_epoch");
        assertThat(csv.get(1)).contains("," + values.get(0) + ",");
        assertThat(summary.json()).contains("\"val_f1\" : " + values.get(0));
        assertThat(Files.readString(directory.resolve("f1/sweep.html"))).contains(">f1<");
    }

    @Test
    void sweepsAndSingleRunsDoNotShareADirectory() {
        SweepPlan plan = plan("s", "train.seed=1");
        run(plan, false, () -> true);
        assertThatThrownBy(() -> RunDirectory.open(directory.resolve("s"), true))
                .hasMessageContaining("holds a sweep");
        RunConfig single = RunConfig.open("digits-vit", TINY);
        TrainRun.run(single, directory.resolve("s"), false, new Steps(), () -> true);
        assertThat(directory.resolve("s~1/sweep.json")).exists();
        assertThatThrownBy(() -> run(plan, true, () -> true)).hasMessageContaining("holds a single run");
        run(plan, false, () -> true);
        assertThat(directory.resolve("s~2/config.yaml")).exists();
        assertThat(directory.resolve("s/config.yaml")).doesNotExist();
    }

    @Test
    void resumingASweepWithAnotherRecipeIsRejected() {
        run(plan("s", "train.seed=1,2"), false, () -> false);
        List<String> other = List.of("train.clip=3.5");
        SweepPlan changed = Sweep.plan(
                "digits-vit",
                java.util.stream.Stream.concat(TINY.stream(), other.stream()).toList(),
                List.of("train.seed=1,2"),
                Optional.of(directory.resolve("s")));
        assertThatThrownBy(() -> run(changed, true, () -> false))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("train.clip: 1.0, now it is 3.5");
        assertThat(run(plan("s", "train.seed=1,2,3"), true, () -> false).rows()).hasSize(3);
    }
}
