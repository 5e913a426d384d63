package org.vit4j.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.vit4j.checkpoint.StateDict;
import org.vit4j.cli.CommandLineProgram;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;
import org.vit4j.keras.KerasFile;
import org.vit4j.keras.RetrainedKerasModel;
import org.vit4j.model.RandomModel;
import org.vit4j.model.SavedModel;
import org.vit4j.train.RunConfig;

/**
 * Spoilt files of every kind that is read: each is refused in a line or read, within bounded time and memory, and nothing
 * is written anywhere. {@code -Dfuzz=10000} for more of them, {@code -Dfuzz.seed=N} for others.
 */
class FuzzTest {
    private static final int RUNS = Integer.getInteger("fuzz", 150);
    private static final long SEED = Long.getLong("fuzz.seed", 1);
    private static final long CPU_NANOS = 5_000_000_000L;
    /** Beyond twice the file: classes, parsers' tables, JSON trees. Ten thousand of each kind took 2 MB at most. */
    private static final long CONSTANT = 16 << 20;

    private static final Path FILES = Path.of("src/test/resources");

    @TempDir
    static Path directory;

    private static Path original;

    /** A kind of file, by the ending of its name. */
    enum Kind {
        KERAS(".keras", true),
        KERAS_SAVED_BY_KERAS(".keras", true),
        SAFETENSORS(".safetensors", false),
        SHARDS(".safetensors.index.json", false),
        TORCH(".pth", true),
        NPZ(".npz", true),
        YAML(".yaml", false);

        private final String ending;
        private final boolean archive;

        Kind(String ending, boolean archive) {
            this.ending = ending;
            this.archive = archive;
        }

        byte[] spoil(Mutator mutator, byte[] bytes) {
            return archive ? mutator.archive(bytes) : mutator.of(bytes);
        }
    }

    private static byte[] valid(Kind kind) throws IOException {
        return Files.readAllBytes(
                switch (kind) {
                    case KERAS -> original;
                    case KERAS_SAVED_BY_KERAS -> FILES.resolve("keras/trained.keras");
                    case SAFETENSORS -> FILES.resolve("checkpoints/timm_vit.safetensors");
                    case SHARDS -> FILES.resolve("checkpoints/hf_vit.safetensors.index.json");
                    case TORCH -> FILES.resolve("checkpoints/kinds.pth");
                    case NPZ -> FILES.resolve("checkpoints/wrapped/google_compressed.npz");
                    case YAML -> Path.of("configs/digits-cait.yaml");
                });
    }

    private static void read(Kind kind, Path file) {
        switch (kind) {
            case KERAS -> readModel(file);
            case KERAS_SAVED_BY_KERAS -> readRetrained(file);
            case SAFETENSORS, SHARDS, TORCH, NPZ -> readState(file);
            case YAML -> RunConfig.open(file.toString(), List.of());
        }
    }

    private static void readModel(Path file) {
        Graph graph = SavedModel.describe(file).model().build();
        try (KerasFile keras = KerasFile.read(file)) {
            keras.check(graph);
            for (Parameter weight : graph.parameters()) keras.values(weight.name());
        }
    }

    private static void readRetrained(Path file) {
        try (KerasFile before = KerasFile.read(original);
                RetrainedKerasModel after = RetrainedKerasModel.read(file, before)) {
            before.shapes().keySet().forEach(after::values);
        }
    }

    private static void readState(Path file) {
        try (StateDict dict = StateDict.open(file)) {
            dict.entries().keySet().forEach(dict::values);
        }
    }

    @BeforeAll
    static void write() throws IOException {
        Path config = Files.writeString(directory.resolve("small.yaml"), """
                model: {arch: vit, image: {size: 16}, classes: 5, patch_size: 8, dim: 8, depth: 2, heads: 2, mlp_ratio: 2}
                data: {mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], crop_pct: 0.9}
                """);
        original = directory.resolve("original.keras");
        RunConfig run = RunConfig.open(config.toString(), List.of());
        RandomModel.write(original, "small", run, List.of("a", "b", "c", "d", "e"), 3);
    }

    @ParameterizedTest
    @EnumSource
    void everySpoiltFileIsReadOrRefused(Kind kind) throws IOException {
        Path inner = Files.createDirectories(directory.resolve(kind.name()).resolve("a/b"));
        for (int part = 1; part <= 2; part++) {
            String shard = "hf_vit-0000" + part + "-of-00002.safetensors";
            Files.copy(FILES.resolve("checkpoints").resolve(shard), inner.resolve(shard));
        }
        Path file = inner.resolve("file" + kind.ending);
        Files.write(file, valid(kind));
        read(kind, file); // the file itself is a good one, and classes are loaded
        List<Path> before = tree(directory.resolve(kind.name()));
        Map<String, Integer> outcomes = new TreeMap<>();
        long most = 0;
        long longest = 0;
        for (int i = 0; i < RUNS; i++) {
            long seed = SEED * 1_000_003 + i * 31L + kind.name().hashCode();
            byte[] spoilt = kind.spoil(new Mutator(seed), valid(kind));
            Files.write(file, spoilt);
            Outcome outcome = run(kind, file);
            String what = kind + " -Dfuzz.seed=" + SEED + " #" + i;
            assertThat(outcome.problem).as(what).isNull();
            assertThat(outcome.nanos).as(what + ": CPU time").isLessThan(CPU_NANOS);
            assertThat(outcome.bytes).as(what + ": bytes").isLessThan(2L * Math.max(spoilt.length, 1) + CONSTANT);
            most = Math.max(most, outcome.bytes);
            longest = Math.max(longest, outcome.nanos);
            outcomes.merge(outcome.refused ? "refused" : "read", 1, Integer::sum);
            if (i % 100 == 0) assertThat(exitCode(kind, file)).as(what).isIn(0, 2);
            assertThat(tree(directory.resolve(kind.name()))).as(what).isEqualTo(before);
            assertThat(Path.of(Mutator.OUTSIDE)).as(what).doesNotExist();
        }
        System.out.printf(
                Locale.ROOT,
                "fuzz %s: %d files, %s, at most %d MB and %d ms each%n",
                kind,
                RUNS,
                outcomes,
                most >> 20,
                longest / 1_000_000);
    }

    private record Outcome(Throwable problem, boolean refused, long bytes, long nanos) {}

    /** In a thread of its own: its allocations and its time are known, and a hang is noticed. */
    private static Outcome run(Kind kind, Path file) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        AtomicReference<Outcome> outcome = new AtomicReference<>();
        Thread thread = new Thread(() -> {
            long bytes = threads.getCurrentThreadAllocatedBytes();
            long nanos = threads.getCurrentThreadCpuTime();
            Throwable problem = null;
            boolean refused = false;
            try {
                read(kind, file);
            } catch (ConfigError e) {
                refused = true;
                boolean told = e.getMessage() != null && !e.getMessage().isBlank();
                // All problems of a config are told at once, each in a line that begins with the file.
                boolean oneLine =
                        told && e.getMessage().lines().skip(1).allMatch(line -> line.startsWith(file.toString()));
                if (!told || !oneLine) problem = e;
            } catch (Throwable e) {
                problem = e;
            }
            outcome.set(new Outcome(
                    problem,
                    refused,
                    threads.getCurrentThreadAllocatedBytes() - bytes,
                    threads.getCurrentThreadCpuTime() - nanos));
        });
        thread.setDaemon(true);
        thread.start();
        try {
            thread.join(120_000);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        Outcome ended = outcome.get();
        if (ended == null) throw new AssertionError("it hangs: " + List.of(thread.getStackTrace()));
        return ended;
    }

    /** What the command says of it; for weights the network they might be for. */
    private static int exitCode(Kind kind, Path file) {
        String out = directory.resolve("out.keras").toString();
        return switch (kind) {
            case KERAS -> CommandLineProgram.run("import", "--like", file.toString(), file.toString(), "-o", out);
            case KERAS_SAVED_BY_KERAS ->
                CommandLineProgram.run("import", "--like", original.toString(), file.toString(), "-o", out);
            case YAML -> CommandLineProgram.run("summary", file.toString());
            default ->
                CommandLineProgram.run(
                        "import", directory.resolve("small.yaml").toString(), file.toString(), "-o", out);
        };
    }

    private static List<Path> tree(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.sorted().toList();
        }
    }
}
