package org.vit4j.golden;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.vit4j.backend.Backend;
import org.vit4j.backend.TestBackends;
import org.vit4j.config.LegacyKeys;

/**
 * Compares all golden cases of a directory, {@code -Dgoldens=DIR -Dcases='vit_*'}, with the reference. The default is
 * the test resources on all backends that run here; {@code -Dengine=samediff|onednn|torch} selects one, {@code
 * -Ddevice=cuda:0} a device. A case that cannot be built is a failure.
 */
class GoldenTest {
    /**
     * Limit of the largest output error over the largest output, as in the README; the reference itself is within 1e-6.
     */
    static final double OUTPUT = 1e-4;
    /** Limit of the relative L2 error of a gradient. */
    static final double GRADIENT = 1e-3;
    /** Limit of the relative error of losses and BatchNorm statistics. */
    static final double LOSS = 1e-5;
    /** Limit for mathematically zero gradients: their norm over the largest gradient norm of the case. */
    static final double ZERO = 1e-5;

    private static final List<String> TABLE = new ArrayList<>();
    private static int passed;
    private static int failed;

    static Stream<Arguments> runs() throws IOException {
        String engine = property("engine", "");
        List<Backend> engines = engine.isEmpty()
                ? TestBackends.available()
                : List.of(Backend.named(LegacyKeys.currentValue("train.backend", engine))
                        .on(property("device", Backend.CPU)));
        return cases().flatMap(name -> engines.stream().map(one -> Arguments.of(name, one)));
    }

    static Stream<String> cases() throws IOException {
        PathMatcher glob = FileSystems.getDefault().getPathMatcher("glob:" + property("cases", "*"));
        try (Stream<Path> folders = Files.list(directory())) {
            return folders
                    .filter(folder -> Files.exists(folder.resolve("config.json")))
                    .filter(folder -> glob.matches(folder.getFileName()))
                    .map(folder -> folder.getFileName().toString())
                    .sorted()
                    .toList()
                    .stream();
        }
    }

    @BeforeAll
    static void start() {
        TABLE.clear();
        passed = 0;
        failed = 0;
    }

    @ParameterizedTest
    @MethodSource("runs")
    void outputsLossesAndGradientsAgreeWithTheReference(String name, Backend engine) throws IOException {
        GoldenErrors errors = null;
        try {
            errors = GoldenRun.run(GoldenCase.read(directory().resolve(name)), engine);
            assertThat(errors.worstOutput().error())
                    .as(errors.worstOutput().name())
                    .isLessThan(OUTPUT);
            assertThat(errors.worstGradient().error())
                    .as(errors.worstGradient().name())
                    .isLessThan(GRADIENT);
            assertThat(errors.worstZero().error()).as(errors.worstZero().name()).isLessThan(ZERO);
            assertThat(errors.worstLoss().error()).as(errors.worstLoss().name()).isLessThan(LOSS);
            passed++;
            TABLE.add(row(name, engine, errors, "ok"));
        } catch (Exception | AssertionError e) {
            failed++;
            TABLE.add(
                    errors == null
                            ? String.format(Locale.ROOT, "%-36s %-11s %s", name, engine.configName(), e)
                            : row(name, engine, errors, "FAILED"));
            throw e;
        }
    }

    private static String row(String name, Backend engine, GoldenErrors e, String verdict) {
        return String.format(
                Locale.ROOT,
                "%-36s %-11s %10.1e %10.1e %10.1e  %-6s %s",
                name,
                engine.configName(),
                e.worstOutput().error(),
                e.worstLoss().error(),
                e.worstGradient().error(),
                verdict,
                e.worstGradient().name());
    }

    @AfterAll
    @SuppressWarnings("SystemOut")
    static void table() {
        System.out.printf(Locale.ROOT, "%-36s %-11s %10s %10s %10s%n", "case", "engine", "output", "loss", "gradient");
        TABLE.forEach(System.out::println);
        System.out.printf(Locale.ROOT, "%d cases, %d passed, %d skipped%n", passed + failed, passed, 0);
    }

    static Path directory() {
        return Path.of(property("goldens", "src/test/resources/goldens"));
    }

    private static String property(String name, String standard) {
        String value = System.getProperty(name, "");
        return value.isEmpty() ? standard : value;
    }
}
