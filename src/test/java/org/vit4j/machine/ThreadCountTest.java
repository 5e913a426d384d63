package org.vit4j.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.nativeblas.NativeOpsHolder;
import org.vit4j.config.ConfigError;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.run.RunConfig;
import org.vit4j.run.TrainRun;
import org.vit4j.train.Callback;
import org.vit4j.train.TrainState;

/** Number of threads of the native kernels. */
class ThreadCountTest {
    @TempDir
    private Path directory;

    private static int openMp() {
        return NativeOpsHolder.getInstance().getDeviceNativeOps().ompGetMaxThreads();
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "null",
            value = {"4,4", "'4,2',4", "' 8 ',8", "null,0", "'',0", "0,0", "-1,0", "many,0", "1e3,0"})
    void firstNumberOfTheVariableIsUsed(String variable, int expected) {
        OptionalInt threads = CpuThreads.parse(variable);
        assertThat(threads).isEqualTo(expected == 0 ? OptionalInt.empty() : OptionalInt.of(expected));
    }

    @Test
    void availableIsAtMostTheProcessorsOfThisProcess() {
        assertThat(CpuThreads.available()).isBetween(1, Runtime.getRuntime().availableProcessors());
    }

    @Test
    void numberIsSetForTheCallingThreadOnly() {
        CompletableFuture.runAsync(() -> {
                    CpuThreads.use(3);
                    assertThat(openMp()).isEqualTo(3);
                    CpuThreads.limit(); // keeps a number that was set
                    assertThat(openMp()).isEqualTo(3);
                    CpuThreads.use(1);
                    assertThat(CpuThreads.current()).isEqualTo(1);
                    assertThat(openMp()).isEqualTo(1);
                })
                .join();
        assertThatThrownBy(() -> CpuThreads.use(0)).hasMessageContaining("threads (0) must be at least 1");
    }

    @Test
    void aTaskHasItsNumberAndThatOfBeforeIsSetAgain() {
        CompletableFuture.runAsync(() -> {
                    CpuThreads.use(2);
                    assertThat(CpuThreads.with(OptionalInt.of(3), ThreadCountTest::openMp))
                            .isEqualTo(3);
                    assertThat(openMp()).isEqualTo(2);
                    assertThat(CpuThreads.with(OptionalInt.empty(), ThreadCountTest::openMp))
                            .isEqualTo(2);
                    assertThatThrownBy(() -> CpuThreads.with(OptionalInt.of(1), () -> {
                                throw new IllegalStateException("failed");
                            }))
                            .hasMessage("failed");
                    assertThat(openMp()).isEqualTo(2);
                })
                .join();
    }

    @Test
    void threadWithoutANumberUsesTheLimit() {
        int threads = CompletableFuture.supplyAsync(
                        () -> {
                            CpuThreads.limit();
                            return openMp();
                        },
                        task -> new Thread(task).start())
                .join();
        assertThat(threads).isBetween(1, CpuThreads.defaultThreads());
    }

    /** Records the number of threads during a run. */
    private static final class ThreadCountListener implements Callback {
        private int during;

        @Override
        public void start(int epochs) {}

        @Override
        public void batch(TrainState state, int batches, double imagesPerSecond) {
            during = openMp();
        }

        @Override
        public void epoch(EpochMetrics metrics, int epochs) {}
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void trainThreadsIsUsedDuringTheRunAndRecorded(int threads) throws Exception {
        RunConfig config = RunConfig.open(
                "digits-vit",
                List.of(
                        "train.threads=" + threads,
                        "train.epochs=1",
                        "model.depth=1",
                        "model.dim=16",
                        "model.heads=2"));
        int before = CpuThreads.current();
        ThreadCountListener listener = new ThreadCountListener();
        TrainRun.run(config, directory, false, listener, () -> false);
        assertThat(listener.during).isEqualTo(threads);
        assertThat(CpuThreads.current()).isEqualTo(before);
        var environment = new ObjectMapper()
                .readTree(directory.resolve("environment.json").toFile());
        assertThat(environment.get("threads").asText()).isEqualTo(String.valueOf(threads));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-2", "1025", "many", "1.5"})
    void invalidNumbersAreRejected(String threads) {
        assertThatThrownBy(() -> RunConfig.open("digits-vit", List.of("train.threads=" + threads)))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("threads")
                .hasMessageContaining(threads);
    }
}
