package org.vit4j.distributed;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.run.RunConfig;

/** Runs with killed executors and drivers give the same bits as an uninterrupted run. */
class SparkFaultTest {
    private static final int STEPS = 22;
    private static final int DELAY_MILLIS = 15;

    @TempDir
    Path directory;

    private static List<String> overrides() {
        return List.of(
                "model.dim=16",
                "model.depth=1",
                "model.heads=2",
                "model.proj_drop=0.1",
                "train.epochs=2",
                "train.batch=128",
                "train.checkpoint_steps=4");
    }

    private CapturedLosses run(String name, CapturedLosses captured) {
        RunConfig config = RunConfig.open("digits-vit", overrides());
        SparkCluster.train(LocalCluster.shared(), config, directory.resolve(name), false, captured, captured);
        return captured;
    }

    /** Java processes started by a driver; all of them are executors. */
    private static List<ProcessHandle> executors(ProcessHandle driver) {
        return driver.descendants()
                .filter(process -> process.info().command().orElse("").endsWith("java"))
                .toList();
    }

    private byte[] weights(String run) throws IOException {
        return Files.readAllBytes(
                directory.resolve(run).resolve(String.format(Locale.ROOT, "checkpoints/step-%09d.safetensors", STEPS)));
    }

    @Test
    void runWithKilledExecutorsAndDriverEqualsTheUninterruptedRun() throws Exception {
        CapturedLosses uninterrupted = run("uninterrupted", new CapturedLosses(Integer.MAX_VALUE));
        List<ProcessHandle> killed = new ArrayList<>();
        CapturedLosses interrupted = run("interrupted", new CapturedLosses(Integer.MAX_VALUE, step -> {
            if (step == 5) killed.addAll(kill(0)); // during the next step
            if (step == 15) killed.addAll(kill(1));
        }));
        assertThat(killed).hasSize(2).noneMatch(ProcessHandle::isAlive);
        assertThat(interrupted.losses).isEqualTo(uninterrupted.losses);
        assertThat(weights("interrupted")).isEqualTo(weights("uninterrupted"));

        Path run = directory.resolve("resumed");
        Process driver = start(run);
        Path saved = run.resolve("checkpoints/step-000000008.json");
        while (driver.isAlive() && !Files.exists(saved)) Thread.sleep(2);
        assertThat(driver.isAlive()).as(log(run)).isTrue();
        List<ProcessHandle> orphans = executors(driver.toHandle());
        driver.destroyForcibly().waitFor();
        for (ProcessHandle orphan : orphans) orphan.onExit().get(1, TimeUnit.MINUTES);
        assertThat(run.resolve("last.keras")).as("killed before the end").doesNotExist();
        Process again = start(run);
        assertThat(again.waitFor(3, TimeUnit.MINUTES)).isTrue();
        assertThat(again.exitValue()).as(log(run)).isZero();
        assertThat(log(run)).contains("resuming at epoch 1");
        assertThat(weights("resumed")).isEqualTo(weights("uninterrupted"));
    }

    /** Kills an executor as {@code kill -9} does, after a delay, so that the next step is running. */
    private static List<ProcessHandle> kill(int number) {
        List<ProcessHandle> all = executors(ProcessHandle.current());
        ProcessHandle one = all.get(number % all.size());
        CompletableFuture.delayedExecutor(DELAY_MILLIS, TimeUnit.MILLISECONDS).execute(one::destroyForcibly);
        return List.of(one);
    }

    private static Process start(Path run) throws IOException {
        String classes = LocalCluster.classes();
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + Path.of("src/spark/jvm.args").toAbsolutePath(),
                "-Xmx2g",
                "-Dvit4j.spark.classpath=" + classes,
                "-cp",
                classes,
                "org.vit4j.Main",
                "train",
                "digits-vit",
                "--spark=" + LocalCluster.MASTER,
                "--resume",
                "--run",
                run.toString()));
        for (String override : overrides()) command.addAll(List.of("--set", override));
        File log = run.resolveSibling("resumed.log").toFile();
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log))
                .start();
    }

    private static String log(Path run) throws IOException {
        return Files.readString(run.resolveSibling("resumed.log"));
    }
}
