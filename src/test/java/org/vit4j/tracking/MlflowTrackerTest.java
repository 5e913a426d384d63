package org.vit4j.tracking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import org.vit4j.config.ConfigError;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.tracking.MetricQueue.QueueTimes;
import org.vit4j.tracking.MlflowTracker.Outcome;

class MlflowTrackerTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final QueueTimes TIMES =
            new QueueTimes(Duration.ofMillis(10), Duration.ofMillis(10), Duration.ofSeconds(30), Duration.ofSeconds(2));
    /** Only an interrupt ends the wait. */
    private static final QueueTimes PATIENT =
            new QueueTimes(Duration.ofMillis(10), Duration.ofMillis(10), Duration.ofHours(1), Duration.ofMillis(300));
    /** Gives up at the end at once. */
    private static final QueueTimes HASTY =
            new QueueTimes(Duration.ofMillis(10), Duration.ofMillis(10), Duration.ofMillis(300), Duration.ofSeconds(1));

    private final FakeMlflow server = new FakeMlflow();
    private final Logger log = (Logger) LoggerFactory.getLogger("org.vit4j.tracking");
    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();

    @TempDir
    Path directory;

    @BeforeEach
    void listen() {
        lines.list = new CopyOnWriteArrayList<>(); // the queue logs in its own thread
        lines.start();
        log.addAppender(lines);
        ((Logger) LoggerFactory.getLogger("org.mlflow")).setLevel(Level.ERROR);
    }

    @AfterEach
    void stop() {
        log.detachAppender(lines);
        server.close();
    }

    private MlflowTracker connect(QueueTimes times) {
        return MlflowTracker.connect(MlflowConfig.of(server.uri()), Map.of(), LIMIT, times)
                .logSteps(1);
    }

    private FakeMlflow.FakeRun run() {
        assertThat(server.runs()).hasSize(1);
        return server.runs().get(0);
    }

    private List<String> warnings() {
        return lines.list.stream()
                .filter(line -> line.getLevel() == Level.WARN)
                .map(ILoggingEvent::getFormattedMessage)
                .toList();
    }

    private void awaitWarning() {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (warnings().isEmpty() && end - System.nanoTime() > 0) Thread.onSpinWait();
        assertThat(warnings()).isNotEmpty();
    }

    private static EpochMetrics epoch(int number) {
        return new EpochMetrics(number, 1e-3, 2.0 / number, 0.5, 1.0 / number, 0.25, null, null, 100, 1);
    }

    @Test
    void logsParametersTagsMetricsFilesAndStatus() throws IOException {
        Path report = Files.writeString(directory.resolve("report.html"), "<p>");
        try (MlflowTracker tracker = connect(TIMES)) {
            tracker.start("first", Map.of("train.lr", "0.1", "data.augment[0].name", "resize"), Map.of("team", "a b"));
            tracker.step(1, 2.5, 0.1);
            tracker.step(2, 2.25, 0.2);
            tracker.epoch(epoch(1), 1);
            assertThat(tracker.end(Outcome.FINISHED, List.of(report))).isTrue();
        }
        assertThat(run().name).isEqualTo("first");
        assertThat(run().params).isEqualTo(Map.of("train.lr", "0.1", "data.augment.0.name", "resize"));
        assertThat(run().tags).containsEntry("team", "a b").containsKey("mlflow.user");
        assertThat(run().metrics.get("step/loss")).containsExactly("1 2.5", "2 2.25");
        assertThat(run().metrics.get("step/lr")).containsExactly("1 0.1", "2 0.2");
        assertThat(run().metrics.get("train/loss")).containsExactly("1 2.0");
        assertThat(run().metrics.get("val/top1")).containsExactly("1 0.25");
        assertThat(run().artifacts).containsOnlyKeys("report.html");
        assertThat(run().statuses).containsExactly("RUNNING", "FINISHED");
        assertThat(warnings()).isEmpty();
    }

    @Test
    void closingWithoutAnEndMarksTheRunAsFailed() {
        try (MlflowTracker tracker = connect(TIMES)) {
            tracker.start("first", Map.of(), Map.of());
        }
        assertThat(run().statuses).containsExactly("RUNNING", "FAILED");
    }

    @Test
    void aRunWhoseParametersAreRejectedIsMarkedAsFailed() {
        server.failBatchesWith(400);
        try (MlflowTracker tracker = connect(TIMES)) {
            assertThatThrownBy(() -> tracker.start("first", Map.of("train.batch", "8"), Map.of()))
                    .isInstanceOf(ConfigError.class)
                    .hasMessage("output.mlflow: " + server.uri()
                            + ": HTTP 400, bad value; train without it (output.mlflow=off)");
        }
        assertThat(run().statuses).containsExactly("RUNNING", "FAILED");
    }

    @Test
    void sendsAtMostAsManyValuesInARequestAsMlflowAccepts() {
        Map<String, String> parameters = new HashMap<>();
        for (int i = 0; i < 250; i++) parameters.put("key" + i, "x".repeat(7000));
        try (MlflowTracker tracker = connect(TIMES)) {
            tracker.start("first", parameters, Map.of());
            tracker.log(IntStream.range(0, 2500)
                    .mapToObj(i -> MetricPoint.now("m", i, i))
                    .toList());
            tracker.end(Outcome.FINISHED, List.of());
        }
        assertThat(server.batches()).containsExactly(100, 100, 50, 1000, 1000, 500);
        assertThat(run().params.get("key7")).hasSize(6000).endsWith("x...");
        assertThat(run().metrics.get("m")).hasSize(2500);
    }

    @Test
    void aFailingServerDelaysTheValuesAndIsReportedOnce() {
        try (MlflowTracker tracker = connect(TIMES)) {
            tracker.start("first", Map.of(), Map.of());
            server.failWith(503);
            for (int i = 1; i <= 20; i++) tracker.step(i, i, 0.1);
            awaitWarning();
            for (int i = 21; i <= 40; i++) tracker.step(i, i, 0.1);
            server.failWith(0);
            assertThat(tracker.end(Outcome.FINISHED, List.of())).isTrue();
        }
        assertThat(run().metrics.get("step/loss"))
                .isEqualTo(IntStream.rangeClosed(1, 40)
                        .mapToObj(i -> i + " " + (double) i)
                        .toList());
        assertThat(warnings())
                .containsExactly("MLflow: HTTP 503, no service; training continues, and the values are sent later");
    }

    @Test
    void valuesThatCannotBeSentAreListedAtTheEnd() {
        Path report = directory.resolve("report.html");
        try (MlflowTracker tracker = connect(HASTY)) {
            tracker.start("first", Map.of(), Map.of());
            server.failWith(500);
            tracker.step(3, 1, 0.1);
            tracker.step(4, 1, 0.1);
            tracker.epoch(epoch(1), 1);
            assertThat(tracker.end(Outcome.FINISHED, List.of(report))).isFalse();
        }
        assertThat(warnings()).hasSize(2);
        assertThat(warnings().get(1))
                .startsWith("not sent to MLflow: step/loss of 3 to 4, step/lr of 3 to 4, epoch/images_per_second of 1")
                .endsWith("report.html; status FINISHED (HTTP 500, no service)");
    }

    @Test
    void aSilentServerDoesNotHoldUpTheTraining() {
        try (MlflowTracker tracker =
                MlflowTracker.connect(MlflowConfig.of(server.uri()), Map.of(), Duration.ofMillis(200), HASTY)) {
            tracker.logSteps(1).start("first", Map.of(), Map.of());
            server.hang();
            // Each of these returns while no request is answered; the queue takes 100,000 values.
            for (int i = 1; i <= 60_000; i++) tracker.step(i, 1, 0.1);
            awaitWarning();
            tracker.end(Outcome.KILLED, List.of());
        }
        assertThat(warnings().get(warnings().size() - 1))
                .contains("step/loss of 1 to 50000")
                .contains("20000 later values")
                .endsWith("(no answer within 0 s)");
    }

    @Test
    void aResumedRunDoesNotRepeatStepsAndKeepsParameters() {
        String id;
        try (MlflowTracker tracker = connect(TIMES)) {
            id = tracker.start("first", Map.of("epochs", "2", "lr", "0.1"), Map.of());
            for (int i = 1; i <= 5; i++) tracker.step(i, i, 0.1);
            tracker.log(List.of(MetricPoint.now("recall@5", 0.5, 5))); // sent as recall_5
            tracker.end(Outcome.KILLED, List.of());
        }
        try (MlflowTracker tracker = connect(TIMES)) {
            tracker.resume(id, Map.of("epochs", "3", "lr", "0.1", "new", "1"), Map.of());
            assertThat(tracker.lastSteps()).isEqualTo(Map.of("step/loss", 5L, "step/lr", 5L, "recall_5", 5L));
            assertThat(tracker.isNew(MetricPoint.now("recall@5", 1, 5))).isFalse();
            assertThat(tracker.isNew(MetricPoint.now("recall@5", 1, 6))).isTrue();
            for (int i = 4; i <= 7; i++) tracker.step(i, i, 0.1); // from the checkpoint after step 3
            tracker.end(Outcome.FINISHED, List.of());
        }
        assertThat(run().metrics.get("step/loss"))
                .containsExactly("1 1.0", "2 2.0", "3 3.0", "4 4.0", "5 5.0", "6 6.0", "7 7.0");
        assertThat(run().params).isEqualTo(Map.of("epochs", "2", "lr", "0.1", "new", "1"));
        assertThat(run().tags).containsEntry("resumed.epochs", "3");
        assertThat(run().statuses).containsExactly("RUNNING", "KILLED", "RUNNING", "FINISHED");
    }

    @Test
    void environmentVariablesSelectServerExperimentRunAndUser() {
        try (MlflowTracker tracker = connect(TIMES)) {
            tracker.start("first", Map.of(), Map.of());
            tracker.end(Outcome.KILLED, List.of());
        }
        Map<String, String> environment = Map.of(
                "MLFLOW_TRACKING_URI", server.uri() + "/",
                "MLFLOW_EXPERIMENT_NAME", "pets & birds",
                "MLFLOW_RUN_ID", server.id(run()),
                "MLFLOW_TRACKING_USERNAME", "user",
                "MLFLOW_TRACKING_PASSWORD", "secret");
        var config = new MlflowConfig(Optional.empty(), Optional.empty(), Optional.empty(), Map.of(), List.of());
        try (MlflowTracker tracker = MlflowTracker.connect(config, environment, LIMIT, TIMES)) {
            assertThat(tracker.start("second", Map.of(), Map.of())).isEqualTo(server.id(run()));
            tracker.end(Outcome.FINISHED, List.of());
        }
        assertThat(server.experiments()).contains("pets & birds");
        assertThat(server.authorization()).isEqualTo("Basic dXNlcjpzZWNyZXQ=");
    }

    @Test
    void problemsAtTheStartAreOneLine() {
        server.failWith(401);
        assertThatThrownBy(() -> connect(TIMES))
                .isInstanceOf(ConfigError.class)
                .hasMessage("output.mlflow: " + server.uri() + ": HTTP 401, access denied; set"
                        + " MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN; start the"
                        + " server or correct its address, or train without it (output.mlflow=off)");
        server.failWith(0);
        server.createExperiment("deleted");
        assertThatThrownBy(() -> MlflowTracker.connect(
                        MlflowConfig.of(server.uri()).withExperiment("deleted"), Map.of(), LIMIT, TIMES))
                .hasMessageContaining("the experiment 'deleted' of " + server.uri() + " was deleted; restore it");
        try (MlflowTracker tracker = connect(TIMES)) {
            assertThatThrownBy(() -> tracker.resume("0123", Map.of(), Map.of()))
                    .isInstanceOf(ConfigError.class)
                    .hasMessageContaining("the run 0123 does not exist on " + server.uri() + "; delete mlflow.json");
        }
        server.close();
        assertThatThrownBy(() -> connect(TIMES)).hasMessageContaining(server.uri() + ": Connection refused; start");
    }

    @Test
    void anAnswerOfAnotherProgramDuringTheRunIsAFailure() {
        for (String body : List.of("<html>login</html>", "[]", "")) {
            server.forget();
            lines.list.clear();
            try (MlflowTracker tracker = connect(TIMES)) {
                tracker.start("first", Map.of(), Map.of());
                server.answerAsOther("runs/log-batch", body.isEmpty() ? 204 : 200, body);
                tracker.step(1, 2.5, 0.1);
                awaitWarning();
                server.answerAsMlflow();
                assertThat(tracker.end(Outcome.FINISHED, List.of())).isTrue();
            }
            assertThat(run().metrics.get("step/loss")).as(body).containsExactly("1 2.5");
            assertThat(warnings())
                    .containsExactly(
                            "MLflow: not an answer of MLflow; training continues, and the values are sent later");
        }
    }

    @Test
    void aPageInsteadOfTheAnswerToFilesAndStatusIsListedAtTheEnd() throws IOException {
        Path report = Files.writeString(directory.resolve("report.html"), "<p>");
        for (String path : List.of("artifacts", "runs/update")) {
            try (MlflowTracker tracker = connect(TIMES)) {
                tracker.start("first", Map.of(), Map.of());
                server.answerAsOther(path, 200, "<html>login</html>");
                assertThat(tracker.end(Outcome.FINISHED, List.of(report))).isFalse();
            }
            server.answerAsMlflow();
        }
        assertThat(warnings())
                .containsExactly(
                        "not sent to MLflow: report.html (not an answer of MLflow)",
                        "not sent to MLflow: status FINISHED (not an answer of MLflow)");
    }

    @Test
    void anAnswerOfAnotherProgramAtTheStartIsNamedAsSuch() {
        String experiment = "{\"experiment\": {\"experiment_id\": \"0\"}}";
        for (String body : List.of("<html>login</html>", "[]", "{}", experiment, "")) {
            server.answerAsOther("", body.isEmpty() ? 204 : 200, body);
            assertThatThrownBy(() -> connect(TIMES))
                    .as(body)
                    .isInstanceOf(ConfigError.class)
                    .hasMessageStartingWith("output.mlflow: " + server.uri() + ": not an answer of MLflow; start");
        }
        server.answerAsMlflow();
        try (MlflowTracker tracker = connect(TIMES)) {
            server.answerAsOther("runs/", 200, "{}");
            assertThatThrownBy(() -> tracker.start("first", Map.of(), Map.of()))
                    .hasMessageContaining("not an answer of MLflow");
            assertThatThrownBy(() -> tracker.resume("0123", Map.of(), Map.of()))
                    .hasMessageContaining("not an answer of MLflow");
        }
    }

    /** Ends a run whose server hangs from the end on, with an interrupt half a second later; returns the seconds. */
    /** Ends a run while requests of a kind hang, and is interrupted meanwhile. */
    private void endInterrupted(String hanging, boolean values, Path... files) {
        try (MlflowTracker tracker = connect(PATIENT)) {
            tracker.start("first", Map.of(), Map.of());
            server.hang(hanging);
            if (values) tracker.step(1, 2.5, 0.1);
            AtomicInteger asked = new AtomicInteger();
            assertThat(tracker.end(Outcome.FINISHED, List.of(files), () -> asked.incrementAndGet() > 5))
                    .isFalse();
        } finally {
            server.answer();
        }
    }

    @Test
    @Timeout(60) // without the interrupt, the first of them takes an hour
    void anInterruptEndsTheWaitForTheServer() throws IOException {
        Path report = Files.writeString(directory.resolve("report.html"), "<p>");
        Path config = Files.writeString(directory.resolve("config.yaml"), "a: b");
        endInterrupted("log-batch", true, report);
        endInterrupted("artifacts", false, report, config);
        endInterrupted("runs/update", false, report);
        assertThat(warnings())
                .containsExactly(
                        "not sent to MLflow: step/loss of 1, step/lr of 1; report.html; status FINISHED (no answer)",
                        "not sent to MLflow: report.html; config.yaml; status FINISHED (interrupted)",
                        "not sent to MLflow: status FINISHED (interrupted)");
    }

    @Test
    void aStoppedRunIsSentIfTheServerAnswers() throws IOException {
        Path report = Files.writeString(directory.resolve("report.html"), "<p>");
        try (MlflowTracker tracker = connect(TIMES)) {
            tracker.start("first", Map.of(), Map.of());
            server.delay(700); // longer than the time after a stop for all requests, shorter for each
            for (int i = 1; i <= 3000; i++) tracker.step(i, 1, 0.1);
            assertThat(tracker.end(Outcome.KILLED, List.of(report), () -> true)).isTrue();
        }
        assertThat(run().metrics.get("step/loss")).hasSize(3000);
        assertThat(run().artifacts).containsOnlyKeys("report.html");
        assertThat(run().statuses).containsExactly("RUNNING", "KILLED");
    }

    @Test
    void afterAFileWithoutAnAnswerNoOtherIsTried() throws IOException {
        Path report = Files.writeString(directory.resolve("report.html"), "<p>");
        Path config = Files.writeString(directory.resolve("config.yaml"), "a: b");
        try (MlflowTracker tracker = connect(TIMES)) {
            tracker.start("first", Map.of(), Map.of());
            server.dropConnections("report.html");
            assertThat(tracker.end(Outcome.FINISHED, List.of(report, config))).isFalse();
        }
        assertThat(run().artifacts).isEmpty();
        assertThat(run().statuses).containsExactly("RUNNING", "FINISHED");
        assertThat(warnings()).singleElement().asString().startsWith("not sent to MLflow: report.html; config.yaml (");
    }

    @Test
    void aFileThatCannotBeReadDoesNotKeepOthersBack() throws IOException {
        server.experimentPath = "/my experiment"; // locations may have any characters
        Path config = Files.writeString(directory.resolve("config.yaml"), "a: b");
        try (MlflowTracker tracker = connect(TIMES)) {
            tracker.start("first", Map.of(), Map.of());
            assertThat(tracker.end(Outcome.FINISHED, List.of(directory.resolve("none"), config)))
                    .isFalse();
        }
        assertThat(run().artifacts).containsOnlyKeys("config.yaml");
        assertThat(warnings()).singleElement().asString().startsWith("not sent to MLflow: none (");
    }
}
