package org.vit4j.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
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
import org.vit4j.io.RunException;
import org.vit4j.model.SavedModel;
import org.vit4j.report.EventFile;

/** Complete runs of a fifth of a second: a tiny network on the packaged digits. */
class TrainRunTest {
    private static final List<String> TINY = List.of(
            "model.dim=16",
            "model.depth=1",
            "model.heads=2",
            "model.proj_drop=0.1",
            "train.epochs=2",
            "train.batch=256",
            "train.checkpoint_steps=2",
            "output.log_steps=1");

    @TempDir
    Path directory;

    private static RunConfig config(String... more) {
        return TestRuns.config("digits-vit", TINY, more);
    }

    private TrainRun.RunResult train(String name, boolean resume, int stopAfter) {
        AtomicInteger steps = new AtomicInteger();
        return TrainRun.run(
                config(),
                directory.resolve(name),
                resume,
                TestRuns.SILENT,
                () -> steps.incrementAndGet() >= stopAfter && stopAfter > 0);
    }

    private static List<float[]> weights(Path model) {
        return List.copyOf(TestRuns.weights(model).values());
    }

    /** Tag, step and value of every TensorBoard scalar, without time values. */
    private static List<String> scalars(Path run) {
        List<Path> files = EventFile.files(run);
        assertThat(files).hasSize(1);
        return EventFile.read(files.get(0)).stream()
                .filter(s -> !s.tag().contains("second"))
                .map(s -> s.tag() + " " + s.step() + " " + s.value())
                .toList();
    }

    private static List<String> untimed(Path run) throws IOException {
        return Files.readAllLines(run.resolve("metrics.jsonl")).stream()
                .map(line -> line.replaceAll(",\"images_per_second.*", ""))
                .toList();
    }

    @Test
    void theSameSeedGivesTheSameRun() throws IOException {
        train("a", false, -1);
        train("b", false, -1);
        assertThat(weights(directory.resolve("b/last.keras")))
                .containsExactlyElementsOf(weights(directory.resolve("a/last.keras")));
        assertThat(untimed(directory.resolve("b"))).isEqualTo(untimed(directory.resolve("a")));
    }

    @Test
    void aRunStoppedWithinAnEpochAndResumedEqualsTheUninterruptedRun() throws IOException {
        train("uninterrupted", false, -1);
        for (int stop : new int[] {1, 3, 5, 8}) {
            String name = "stopped-" + stop;
            assertThat(train(name, false, stop).finished()).isFalse();
            assertThat(train(name, true, -1).finished()).isTrue();
            assertThat(weights(directory.resolve(name + "/last.keras")))
                    .as("stopped after " + stop)
                    .containsExactlyElementsOf(weights(directory.resolve("uninterrupted/last.keras")));
            assertThat(untimed(directory.resolve(name))).isEqualTo(untimed(directory.resolve("uninterrupted")));
            assertThat(scalars(directory.resolve(name))).isEqualTo(scalars(directory.resolve("uninterrupted")));
        }
        assertThat(scalars(directory.resolve("uninterrupted"))).anyMatch(s -> s.startsWith("step/loss 10 "));
    }

    @Test
    void aRunWithoutImprovementStopsEarlyAndContinuesWithMorePatience() throws IOException {
        // Updates too small to change any weight: no epoch improves on the first.
        List<String> withoutProgress = List.of(
                "train.optimizer.lr=1e-30", "train.schedule.min_lr=0", "train.schedule.warmup_lr=0", "train.epochs=9");
        TrainRun.RunResult early = withoutProgress("early", false, -1, withoutProgress, 2);
        assertThat(early.finished()).isTrue();
        assertThat(early.state().history()).hasSize(3);
        assertThat(early.best().orElseThrow().epoch()).isEqualTo(1);
        assertThat(Files.readString(directory.resolve("early/report.html")))
                .contains("finished early: no improvement since epoch 1");
        assertThat(withoutProgress("early", true, -1, withoutProgress, 2)
                        .state()
                        .history())
                .hasSize(3);

        assertThat(withoutProgress("stopped", false, 12, withoutProgress, 2).finished())
                .isFalse();
        assertThat(withoutProgress("stopped", true, -1, withoutProgress, 2)
                        .state()
                        .history())
                .hasSize(3);
        assertThat(untimed(directory.resolve("stopped"))).isEqualTo(untimed(directory.resolve("early")));

        assertThat(withoutProgress("early", true, -1, withoutProgress, 4)
                        .state()
                        .history())
                .hasSize(5);
    }

    private TrainRun.RunResult withoutProgress(
            String name, boolean resume, int stopAfter, List<String> recipe, int patience) {
        List<String> all = new ArrayList<>(recipe);
        all.add("train.early_stop.patience=" + patience);
        AtomicInteger steps = new AtomicInteger();
        return TrainRun.run(
                config(all.toArray(String[]::new)),
                directory.resolve(name),
                resume,
                TestRuns.SILENT,
                () -> steps.incrementAndGet() >= stopAfter && stopAfter > 0);
    }

    @Test
    void eventFileHasNoDuplicatesAfterAKill() throws IOException {
        train("uninterrupted", false, -1);
        train("killed", false, 8);
        // State after a kill: the event file is ahead of the checkpoint, and the scalars of the last epoch are missing.
        Path events = EventFile.files(directory.resolve("killed")).get(0);
        var ahead = EventFile.read(events).stream()
                .filter(s -> !s.tag().startsWith("val/"))
                .toList();
        Files.delete(events);
        try (EventFile file = EventFile.open(directory.resolve("killed"), s -> true, 1)) {
            ahead.stream().filter(s -> s.tag().startsWith("step/")).forEach(s -> file.add(List.of(s)));
            for (int step : new int[] {9, 10}) file.add(List.of(new EventFile.EventScalar("step/loss", step, 99, 0)));
        }
        train("killed", true, -1);
        assertThat(scalars(directory.resolve("killed")))
                .doesNotHaveDuplicates()
                .containsExactlyInAnyOrderElementsOf(scalars(directory.resolve("uninterrupted")));
    }

    @Test
    void theReportShowsTheStatusOfTheRun() throws IOException {
        train("run", false, 1);
        assertThat(directory.resolve("run/report.html"))
                .content()
                .contains("stopped after step 1; continue with --resume");
        train("run", true, -1);
        assertThat(directory.resolve("run/report.html"))
                .content()
                .contains(">finished<")
                .contains("Worst mistakes")
                .contains("data:image/png;base64,")
                .contains("dim: 16");
        List<String> csv = Files.readAllLines(directory.resolve("run/metrics.csv"));
        assertThat(csv).hasSize(3);
        assertThat(csv.get(0)).startsWith("epoch,lr,train_loss,train_top1,val_loss,val_top1");
        assertThat(csv.get(2)).startsWith("2,");
    }

    @Test
    void aDamagedCheckpointIsSkippedForThePreviousOne() throws IOException {
        train("uninterrupted", false, -1);
        train("damaged", false, 8);
        Path newest = newest(directory.resolve("damaged/checkpoints"));
        byte[] bytes = Files.readAllBytes(newest);
        bytes[bytes.length - 5] ^= 1;
        Files.write(newest, bytes);
        assertThat(train("damaged", true, -1).finished()).isTrue();
        assertThat(weights(directory.resolve("damaged/last.keras")))
                .containsExactlyElementsOf(weights(directory.resolve("uninterrupted/last.keras")));
    }

    private static Path newest(Path checkpoints) throws IOException {
        try (Stream<Path> files = Files.list(checkpoints)) {
            return files.filter(f -> f.toString().endsWith(".safetensors"))
                    .max(Comparator.comparing(Path::toString))
                    .orElseThrow();
        }
    }

    @Test
    void resumingStartsAMissingRunAndReturnsAFinishedOne() {
        assertThat(train("new", true, -1).finished()).isTrue();
        AtomicInteger checks = new AtomicInteger();
        var again = TrainRun.run(
                config(), directory.resolve("new"), true, TestRuns.SILENT, () -> checks.incrementAndGet() < 0);
        assertThat(again.finished()).isTrue();
        assertThat(checks).hasValue(0);
    }

    @Test
    void resumingWithAnotherRecipeIsRejected() {
        train("run", false, 2);
        RunConfig other = config("train.batch=128");
        assertThatThrownBy(() -> TrainRun.run(other, directory.resolve("run"), true, TestRuns.SILENT, () -> false))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("train.batch: 256")
                .hasMessageContaining("it is 128");
    }

    @Test
    void anEarlierRunIsMovedAside() {
        train("run", false, -1);
        train("run", false, -1);
        assertThat(directory.resolve("run~1/model.keras")).exists();
        assertThat(directory.resolve("run/model.keras")).exists();
    }

    @Test
    void aLinkToADirectoryStaysWhenTheEarlierRunIsMovedAside() throws IOException {
        Path disk = Files.createDirectory(directory.resolve("disk"));
        Path link = Files.createSymbolicLink(directory.resolve("link"), disk);
        train("link", false, -1);
        train("link", false, -1);
        assertThat(link).isSymbolicLink();
        assertThat(disk.resolve("model.keras")).exists();
        assertThat(directory.resolve("disk~1/model.keras")).exists();
        assertThat(directory.resolve("link~1")).doesNotExist();
    }

    @Test
    void aNanLossStopsTheRun() {
        RunConfig diverging = config(
                "train.optimizer.lr=1e30", "train.schedule.warmup_epochs=0", "train.clip=1e30", "model.norm_eps=1e-30");
        Path run = directory.resolve("wild");
        assertThatThrownBy(() -> TrainRun.run(diverging, run, false, TestRuns.SILENT, () -> false))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("the loss became")
                .hasMessageContaining("in step 2 (epoch 1), first in blocks.0.")
                .hasMessageContaining("there is no good checkpoint yet");
        assertThat(run.resolve("model.keras")).doesNotExist();
        assertThat(run.resolve("report.html")).content().contains("failed: the loss became");
        assertThat(ReportFile.write(run, run.resolve("report.html"))).startsWith("failed: the loss became");
        assertThat(run.resolve("report.html")).content().contains("failed: the loss became");
    }

    @Test
    void theRunDirectoryHoldsAllFiles() {
        var result = train("run", false, -1);
        for (String name : List.of(
                "config.yaml",
                "metrics.jsonl",
                "environment.json",
                "model.keras",
                "last.keras",
                "checkpoints",
                "metrics.csv",
                "evaluation.json",
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
    void aLockedRunDirectoryIsRejected() {
        try (RunDirectory locked = RunDirectory.open(directory.resolve("run"), false)) {
            assertThat(locked.path()).exists();
            assertThatThrownBy(() -> RunDirectory.open(directory.resolve("run"), true))
                    .isInstanceOf(ConfigError.class)
                    .hasMessageContaining("another vit4j process is training in it");
        }
    }

    @Test
    void aDirectoryWithARunInUseIsNotMovedAside() throws IOException {
        Path outer = directory.resolve("outer");
        Files.writeString(Files.createDirectories(outer).resolve("config.yaml"), "model: {}");
        try (RunDirectory inner = RunDirectory.open(outer.resolve("lr=1e-2"), false)) {
            assertThatThrownBy(() -> RunDirectory.open(outer, false))
                    .isInstanceOf(ConfigError.class)
                    .hasMessageContaining("another vit4j process is training in "
                            + inner.path().toRealPath());
        }
    }

    /** POSIX releases a lock when the process closes any descriptor of the file. */
    @Test
    void theLockIsHeldForOtherProcessesAfterARejectedRunOfThisOne() throws Exception {
        Path run = directory.resolve("run");
        RunDirectory.open(run, false).close();
        assertThat(RunDirectory.isInUse(run)).isFalse();
        try (RunDirectory locked = RunDirectory.open(run, false)) {
            assertThat(RunDirectory.isInUse(run)).isTrue();
            assertThatThrownBy(() -> RunDirectory.open(run, true)).isInstanceOf(ConfigError.class);
            assertThat(locked.path()).exists();
            assertThat(isInUseForAnotherProcess(run)).isTrue();
        }
        assertThat(RunDirectory.isInUse(run)).isFalse();
        assertThat(isInUseForAnotherProcess(run)).isFalse();
    }

    private static boolean isInUseForAnotherProcess(Path run) throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        LockProbe.class.getName(),
                        run.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isZero();
        return Boolean.parseBoolean(out.strip());
    }

    /** Prints whether another process trains in a run directory. */
    static final class LockProbe {
        private LockProbe() {}

        public static void main(String[] args) {
            System.out.println(RunDirectory.isInUse(Path.of(args[0])));
        }
    }

    @Test
    void modelAndDataMustHaveTheSameNumberOfClasses() {
        assertThatThrownBy(() -> TrainRun.run(
                        config("model.classes=7"), directory.resolve("run"), false, TestRuns.SILENT, () -> false))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("model.classes is 7 but the data has 10 classes");
        assertThat(directory.resolve("run")).doesNotExist();
    }
}
