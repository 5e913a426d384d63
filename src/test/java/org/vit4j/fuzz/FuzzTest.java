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
import org.vit4j.run.RunConfig;

/**
 * Reads corrupted files of every supported format. Each must be read or rejected with one line, within bounded time and
 * memory and without writing files. {@code -Dfuzz=10000} sets their number, {@code -Dfuzz.seed=N} the seed.
 */
class FuzzTest {
    private static final int RUNS = Integer.getInteger("fuzz", 150);
    private static final long SEED = Long.getLong("fuzz.seed", 1);
    private static final long CPU_NANOS = 5_000_000_000L;
    /** Allowed bytes in addition to twice the file size. Ten thousand files of each format needed at most 2 MB. */
    private static final long CONSTANT = 16 << 20;

    private static final Path FILES = Path.of("src/test/resources");

    @TempDir
    static Path directory;

    private static Path original;

    /** A supported file format with its file name extension. */
    enum FuzzedFormat {
        KERAS(".keras", true),
        KERAS_SAVED_BY_KERAS(".keras", true),
        SAFETENSORS(".safetensors", false),
        SHARDS(".safetensors.index.json", false),
        TORCH(".pth", true),
        NPZ(".npz", true),
        YAML(".yaml", false);

        private final String extension;
        private final boolean archive;

        FuzzedFormat(String extension, boolean archive) {
            this.extension = extension;
            this.archive = archive;
        }

        byte[] corrupt(Mutator mutator, byte[] bytes) {
            return archive ? mutator.mutateArchive(bytes) : mutator.mutate(bytes);
        }
    }

    private static byte[] valid(FuzzedFormat kind) throws IOException {
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

    private static void read(FuzzedFormat kind, Path file) {
        switch (kind) {
            case KERAS -> readModel(file);
            case KERAS_SAVED_BY_KERAS -> readRetrained(file);
            case SAFETENSORS, SHARDS, TORCH, NPZ -> readState(file);
            case YAML -> RunConfig.open(file.toString(), List.of());
        }
    }

    private static void readModel(Path file) {
        Graph graph = SavedModel.describe(file).model().graph();
        try (KerasFile keras = KerasFile.read(file)) {
            keras.check(graph);
            for (Parameter weight : graph.parameters()) keras.values(weight.name());
        }
    }

    private static void readRetrained(Path file) {
        try (KerasFile before = KerasFile.read(FILES.resolve("keras/original.keras"));
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
    void corruptFilesAreReadOrRejected(FuzzedFormat kind) throws IOException {
        Path inner = Files.createDirectories(directory.resolve(kind.name()).resolve("a/b"));
        for (int part = 1; part <= 2; part++) {
            String shard = "hf_vit-0000" + part + "-of-00002.safetensors";
            Files.copy(FILES.resolve("checkpoints").resolve(shard), inner.resolve(shard));
        }
        Path file = inner.resolve("file" + kind.extension);
        Files.write(file, valid(kind));
        read(kind, file); // the original is valid; this also loads the classes
        List<Path> before = tree(directory.resolve(kind.name()));
        Map<String, Integer> outcomes = new TreeMap<>();
        long most = 0;
        long longest = 0;
        for (int i = 0; i < RUNS; i++) {
            long seed = SEED * 1_000_003 + i * 31L + kind.name().hashCode();
            byte[] corrupt = kind.corrupt(new Mutator(seed), valid(kind));
            Files.write(file, corrupt);
            Outcome outcome = run(kind, file);
            String label = kind + " -Dfuzz.seed=" + SEED + " #" + i;
            assertThat(outcome.problem).as(label).isNull();
            assertThat(outcome.nanos).as(label + ": CPU time").isLessThan(CPU_NANOS);
            assertThat(outcome.bytes).as(label + ": bytes").isLessThan(2L * Math.max(corrupt.length, 1) + CONSTANT);
            most = Math.max(most, outcome.bytes);
            longest = Math.max(longest, outcome.nanos);
            outcomes.merge(outcome.rejected ? "rejected" : "read", 1, Integer::sum);
            if (i % 100 == 0) assertThat(exitCode(kind, file)).as(label).isIn(0, 2);
            assertThat(tree(directory.resolve(kind.name()))).as(label).isEqualTo(before);
            assertThat(Path.of(Mutator.OUTSIDE)).as(label).doesNotExist();
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

    private record Outcome(Throwable problem, boolean rejected, long bytes, long nanos) {}

    /** Reads the file in a separate thread, to measure allocations and CPU time and to detect hangs. */
    private static Outcome run(FuzzedFormat kind, Path file) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        AtomicReference<Outcome> outcome = new AtomicReference<>();
        Thread thread = new Thread(() -> {
            long bytes = threads.getCurrentThreadAllocatedBytes();
            long nanos = threads.getCurrentThreadCpuTime();
            Throwable problem = null;
            boolean rejected = false;
            try {
                read(kind, file);
            } catch (ConfigError e) {
                rejected = true;
                boolean hasMessage = e.getMessage() != null && !e.getMessage().isBlank();
                // All problems of a config are reported at once, one per line, each starting with the file.
                boolean oneLine =
                        hasMessage && e.getMessage().lines().skip(1).allMatch(line -> line.startsWith(file.toString()));
                if (!hasMessage || !oneLine) problem = e;
            } catch (Throwable e) {
                problem = e;
            }
            outcome.set(new Outcome(
                    problem,
                    rejected,
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
        Outcome result = outcome.get();
        if (result == null) throw new AssertionError("reading hangs: " + List.of(thread.getStackTrace()));
        return result;
    }

    /** Exit code of a command that reads the file; weights are imported into the small network. */
    private static int exitCode(FuzzedFormat kind, Path file) {
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
