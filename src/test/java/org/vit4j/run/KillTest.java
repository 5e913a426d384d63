package org.vit4j.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.train.Callback;
import org.vit4j.train.TrainState;

/**
 * Kills and resumes training processes at random times; the final files equal those of an uninterrupted run bit for
 * bit. {@code -Dkills=20} kills twenty times instead of three, {@code -Dkills.seed} changes the times.
 */
class KillTest {
    private static final int KILLS = Integer.getInteger("kills", 3);
    private static final long SEED = Long.getLong("kills.seed", 5);
    private static final int EPOCHS = KILLS / 2 + 2;

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path directory;

    /** Method of ending a process. */
    private enum End {
        KILL,
        TERMINATE,
        CTRL_C_TWICE
    }

    private static List<String> overrides() {
        return List.of(
                "model.dim=32",
                "model.depth=2",
                "model.heads=2",
                "model.proj_drop=0.1",
                "train.batch=16",
                "train.epochs=" + EPOCHS,
                "train.checkpoint_steps=7",
                "train.workers=1");
    }

    @Test
    void repeatedKillsAndResumesGiveTheUninterruptedRun() throws Exception {
        Path uninterrupted = directory.resolve("uninterrupted");
        long begun = System.currentTimeMillis();
        TrainRun.run(RunConfig.open("digits-vit", overrides()), uninterrupted, false, new Silent(), () -> false);
        // Short enough that the run does not finish earlier on any machine: fresh processes take longer.
        long longestLife = (System.currentTimeMillis() - begun) / KILLS;

        Path run = directory.resolve("killed");
        Random random = new Random(SEED);
        int ended = 0;
        for (int i = 0; i < KILLS; i++) {
            End end = i % 3 == 1 ? End.TERMINATE : i % 3 == 2 ? End.CTRL_C_TWICE : End.KILL;
            if (endedWhileTraining(run, end, (long) (random.nextDouble() * longestLife))) ended++;
        }
        assertThat(ended)
                .as("processes that were still training when they were ended")
                .isGreaterThan(KILLS / 2);
        Process last = start(run);
        assertThat(last.waitFor(5, TimeUnit.MINUTES)).isTrue();
        assertThat(last.exitValue()).as(logText(run)).isZero();

        assertThat(weights(run.resolve("last.keras"))).isEqualTo(weights(uninterrupted.resolve("last.keras")));
        assertThat(weights(run.resolve("model.keras"))).isEqualTo(weights(uninterrupted.resolve("model.keras")));
        assertThat(metrics(run)).isEqualTo(metrics(uninterrupted));
        assertThat(checkpoints(run)).isEqualTo(checkpoints(uninterrupted));
        try (Stream<Path> files = Files.walk(run)) {
            assertThat(files.map(file -> file.getFileName().toString())).noneMatch(name -> name.endsWith(".tmp"));
        }
        assertThat(run.resolve("report.html")).exists();
    }

    /** @return true if the process was still training */
    private static boolean endedWhileTraining(Path run, End end, long life) throws Exception {
        long start = System.currentTimeMillis();
        Process process = start(run);
        // The file is rewritten when training starts or resumes.
        Path begun = run.resolve("environment.json");
        while (process.isAlive()
                && (!Files.exists(begun) || Files.getLastModifiedTime(begun).toMillis() < start)) {
            Thread.sleep(5);
        }
        Thread.sleep(life);
        boolean training = process.isAlive();
        end(process, end);
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        if (training && end != End.KILL)
            assertThat(process.exitValue()).as(logText(run)).isIn(130, 0);
        if (process.exitValue() == 130)
            assertThat(logText(run)).contains("interrupted; finishing", "and saved; continue with");
        return training;
    }

    private static void end(Process process, End end) throws Exception {
        switch (end) {
            case KILL -> process.destroyForcibly();
            case TERMINATE -> process.destroy();
            case CTRL_C_TWICE -> {
                for (int i = 0; i < 2; i++) {
                    new ProcessBuilder("kill", "-INT", String.valueOf(process.pid()))
                            .start()
                            .waitFor();
                }
            }
        }
    }

    private static Process start(Path run) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "org.vit4j.Main",
                "train",
                "digits-vit",
                "--resume",
                "--run",
                run.toString()));
        for (String override : overrides()) command.addAll(List.of("--set", override));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(logFile(run).toFile())
                .start();
    }

    private static Path logFile(Path run) {
        return run.resolveSibling(run.getFileName() + ".logFile");
    }

    private static String logText(Path run) throws IOException {
        return Files.readString(logFile(run), StandardCharsets.UTF_8);
    }

    private static byte[] weights(Path model) throws IOException {
        try (ZipFile zip = new ZipFile(model.toFile())) {
            return zip.getInputStream(zip.getEntry("model.weights.h5")).readAllBytes();
        }
    }

    private static List<JsonNode> metrics(Path run) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) lines.add(untimed(JSON.readTree(line)));
        return lines;
    }

    /** Content of the checkpoint files, JSON without time values. */
    private static Map<String, Object> checkpoints(Path run) throws IOException {
        Map<String, Object> all = new TreeMap<>();
        try (Stream<Path> files = Files.list(run.resolve("checkpoints"))) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                boolean json = name.endsWith(".json");
                all.put(
                        name,
                        json
                                ? untimed(JSON.readTree(file.toFile()))
                                : new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1));
            }
        }
        return all;
    }

    private static JsonNode untimed(JsonNode node) {
        if (node instanceof ObjectNode object) object.remove(List.of("seconds", "images_per_second", "checksum"));
        node.forEach(KillTest::untimed);
        return node;
    }

    private static final class Silent implements Callback {
        @Override
        public void batch(TrainState state, int batches, double imagesPerSecond) {}

        @Override
        public void epoch(EpochMetrics metrics, int epochs) {}
    }
}
