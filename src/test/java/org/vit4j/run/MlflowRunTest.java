package org.vit4j.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import org.vit4j.config.ConfigError;
import org.vit4j.io.RunException;
import org.vit4j.tracking.FakeMlflow;
import org.vit4j.train.Callback;

/** Tiny runs on the packaged digits, logged to a server in this process. */
@Tag("slow")
class MlflowRunTest {
    private static final Callback SILENT = new Callback() {};
    private static final int STEPS_PER_EPOCH = 5;

    private final FakeMlflow server = new FakeMlflow();

    @TempDir
    Path directory;

    @AfterEach
    void stop() {
        server.close();
    }

    private List<String> overrides(String... more) {
        List<String> overrides = new ArrayList<>(List.of(
                "model.dim=16",
                "model.depth=1",
                "model.heads=2",
                "train.epochs=2",
                "train.batch=256",
                "train.schedule.warmup_epochs=0",
                "output.log_steps=1",
                "output.mlflow=" + server.uri()));
        overrides.addAll(List.of(more));
        return overrides;
    }

    /** Trains, and stops after that many steps if it is not 0. */
    private TrainRun.RunResult train(String name, boolean resume, int stopAfter, String... more) {
        AtomicInteger steps = new AtomicInteger();
        return TrainRun.run(
                RunConfig.open("digits-vit", overrides(more)),
                directory.resolve(name),
                resume,
                SILENT,
                () -> steps.incrementAndGet() >= stopAfter && stopAfter > 0);
    }

    private FakeMlflow.FakeRun only() {
        assertThat(server.runs()).hasSize(1);
        return server.runs().get(0);
    }

    /** Metrics that do not depend on time. */
    private static Map<String, List<String>> metrics(FakeMlflow.FakeRun run) {
        return run.metrics.entrySet().stream()
                .filter(entry -> !entry.getKey().contains("second"))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue, (a, b) -> a, TreeMap::new));
    }

    @Test
    void aRunHasItsConfigMetricsTagsFilesAndStatus() {
        TrainRun.RunResult result = train("run", false, 0);
        FakeMlflow.FakeRun run = only();
        assertThat(run.name).isEqualTo("run");
        assertThat(run.params)
                .containsEntry("model.dim", "16")
                .containsEntry("data.augment.0.name", "resize")
                .containsEntry("output.log_steps", "1")
                .doesNotContainKey("output.mlflow");
        assertThat(run.tags)
                .containsEntry("vit4j.config", "digits-vit")
                .containsEntry(
                        "vit4j.directory",
                        directory.resolve("run").toAbsolutePath().toString())
                .containsKeys("mlflow.source.name", "mlflow.note.content", "vit4j.host", "vit4j.cpu");
        assertThat(run.metrics.get("step/loss")).hasSize(2 * STEPS_PER_EPOCH);
        assertThat(run.metrics.get("val/top1"))
                .containsExactly(
                        "1 " + result.state().history().get(0).valTop1(),
                        "2 " + result.state().history().get(1).valTop1());
        List<String> best = run.metrics.get("best/top1");
        assertThat(best.get(best.size() - 1))
                .isEqualTo(result.best().orElseThrow().epoch() + " "
                        + result.best().orElseThrow().top1());
        assertThat(run.artifacts).containsOnlyKeys("config.yaml", "report.html");
        assertThat(run.statuses).containsExactly("RUNNING", "FINISHED");
        assertThat(RunTracking.runId(directory.resolve("run"))).contains(server.id(run));
    }

    @Test
    void aStoppedAndResumedRunHasTheMetricsOfAnUninterruptedOne() {
        train("straight", false, 0);
        FakeMlflow.FakeRun straight = only();
        train("resumed", false, 4);
        train("resumed", true, 0);
        assertThat(server.runs()).hasSize(2);
        FakeMlflow.FakeRun resumed = server.runs().get(1);
        assertThat(metrics(resumed)).isEqualTo(metrics(straight));
        assertThat(resumed.statuses).containsExactly("RUNNING", "KILLED", "RUNNING", "FINISHED");
    }

    @Test
    void whatTheServerMissedIsSentOnResume() throws IOException {
        train("straight", false, 0);
        // The server loses the run, as if it had been down; a new one gets everything.
        server.forget();
        assertThatThrownBy(() -> train("straight", true, 0))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("delete mlflow.json");
        Files.delete(directory.resolve("straight/mlflow.json"));
        train("straight", true, 0);
        assertThat(only().metrics.get("step/loss")).hasSize(2 * STEPS_PER_EPOCH);
        assertThat(only().metrics.get("train/loss")).hasSize(2);
        assertThat(only().metrics.get("best/epoch")).isNotEmpty();
        assertThat(only().artifacts).containsOnlyKeys("config.yaml", "report.html");
        assertThat(only().statuses).containsExactly("RUNNING", "FINISHED");
    }

    @Test
    void modelsAreUploadedWhenTheRunIsFinished() {
        String models =
                "output.mlflow={uri: '" + server.uri() + "', run_name: mine, tags: {a: b}, artifacts: [best, last]}";
        train("run", false, 3, models);
        assertThat(only().artifacts).isEmpty();
        train("run", true, 0, models);
        assertThat(only().artifacts).containsOnlyKeys("model.keras", "last.keras");
        assertThat(only().name).isEqualTo("mine");
        assertThat(only().tags).containsEntry("a", "b");
    }

    @Test
    void aFailedRunIsMarked() {
        assertThatThrownBy(() -> train("run", false, 0, "train.optimizer.lr=1e30", "train.clip=1e30"))
                .isInstanceOf(RunException.class);
        assertThat(only().statuses).containsExactly("RUNNING", "FAILED");
        assertThat(only().artifacts).containsKey("report.html");
    }

    @Test
    void withoutAServerNothingIsTrainedOrMovedAside() {
        train("run", false, 0);
        server.close();
        assertThatThrownBy(() -> train("run", false, 0))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("Connection refused");
        assertThat(directory.resolve("run~1")).doesNotExist();
        assertThat(directory.resolve("run/model.keras")).exists();
    }

    @Test
    void aServerThatFailsDuringTheTrainingDoesNotEndIt() {
        AtomicInteger steps = new AtomicInteger();
        TrainRun.RunResult result =
                TrainRun.run(RunConfig.open("digits-vit", overrides()), directory.resolve("run"), false, SILENT, () -> {
                    int step = steps.incrementAndGet();
                    if (step == 2) server.failWith(503);
                    if (step == STEPS_PER_EPOCH + 2) server.failWith(0);
                    return false;
                });
        assertThat(result.finished()).isTrue();
        assertThat(only().metrics.get("step/loss")).hasSize(2 * STEPS_PER_EPOCH);
        assertThat(only().statuses).containsExactly("RUNNING", "FINISHED");
    }

    @Test
    void theRunsOfASweepAreBelowAParentRun() {
        SweepPlan plan = Sweep.plan(
                "digits-vit",
                overrides("train.epochs=1"),
                List.of("train.optimizer.lr=1e-3,1e-4"),
                Optional.of(directory.resolve("sweep")));
        Sweep.run(plan, false, SILENT, () -> false);
        assertThat(server.runs()).extracting(run -> run.name).containsExactly("sweep", "lr=1e-3", "lr=1e-4");
        FakeMlflow.FakeRun parent = server.runs().get(0);
        assertThat(parent.params).isEqualTo(Map.of("sweep.train.optimizer.lr", "1e-3,1e-4"));
        assertThat(parent.artifacts).containsOnlyKeys("sweep.csv", "sweep.html");
        assertThat(server.runs())
                .extracting(run -> run.tags.get("mlflow.parentRunId"))
                .containsExactly(null, server.id(parent), server.id(parent));
        assertThat(server.runs()).allSatisfy(run -> assertThat(run.statuses).containsExactly("RUNNING", "FINISHED"));
    }

    /** Runs a sweep of three runs whose server fails after the first; returns the warnings of the other two. */
    private List<String> sweepWithFailure(Runnable failure) {
        SweepPlan plan = Sweep.plan(
                "digits-vit",
                overrides("train.epochs=1"),
                List.of("train.seed=1,2,3"),
                Optional.of(directory.resolve("sweep")));
        Logger log = (Logger) LoggerFactory.getLogger(RunTracking.class);
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        log.addAppender(lines);
        try {
            SweepSummary summary = Sweep.run(plan, false, SILENT, () -> {
                if (server.runs().size() == 2 && server.runs().get(1).statuses.contains("FINISHED")) failure.run();
                return false;
            });
            assertThat(summary.hasUnfinishedRuns() || summary.hasFailedRuns()).isFalse();
        } finally {
            log.detachAppender(lines);
        }
        return lines.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }

    @Test
    void aServerThatFailsDuringASweepDoesNotEndItsRuns() {
        List<String> warnings = sweepWithFailure(() -> server.failWith(503));
        Path second = directory.resolve("sweep/seed=2");
        assertThat(warnings).hasSize(2);
        assertThat(warnings.get(0))
                .startsWith("seed=2: output.mlflow: " + server.uri() + ": HTTP 503, no service; start the server")
                .endsWith("; the run is trained without MLflow, and '" + ResumeCommand.of(second)
                        + "' sends it when this is solved");
        assertThat(warnings.get(1)).startsWith("seed=3: ");
        assertThat(server.runs()).hasSize(2);

        server.failWith(0);
        String saved = second.resolve("config.yaml").toString();
        TrainRun.run(RunConfig.open(saved, List.of()), second, true, SILENT, () -> false);
        assertThat(server.runs()).hasSize(3);
        assertThat(metrics(server.runs().get(2)).keySet())
                .isEqualTo(metrics(server.runs().get(1)).keySet());
        assertThat(server.runs().get(2).metrics.get("step/loss")).hasSize(STEPS_PER_EPOCH);
        assertThat(server.runs().get(2).statuses).containsExactly("RUNNING", "FINISHED");
    }

    @Test
    void aRunOfASweepThatTheServerDoesNotMakeIsTrained() {
        List<String> warnings = sweepWithFailure(() -> server.answerAsOther("runs/create", 200, "<html>"));
        assertThat(warnings).hasSize(2);
        assertThat(warnings.get(0)).contains("seed=2: output.mlflow: ").contains("not an answer of MLflow");
        assertThat(server.runs()).hasSize(2);
    }

    @Test
    void aSweepNeedsTheServerAtItsStart() {
        server.failWith(503);
        assertThatThrownBy(() -> sweepWithFailure(() -> {}))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("HTTP 503");
        assertThat(directory.resolve("sweep")).doesNotExist();
    }
}
