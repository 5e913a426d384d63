package org.vit4j.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOpsHolder;
import org.vit4j.backend.TestBackends;

@EnabledOnOs(OS.LINUX)
class ThreadAffinityTest {
    private static final LinuxThreads THREADS = new LinuxThreads(Path.of("/proc"));
    private static final int RUNS = 40;

    private static List<Integer> processors() {
        try {
            return THREADS.processors();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Calls {@code test} in a thread whose kernels are bound, with the processors of the machine. */
    private static void inBoundThread(Consumer<List<Integer>> test) {
        NativeLibraries.load();
        int openMp = NativeOpsHolder.getInstance().getDeviceNativeOps().ompGetMaxThreads();
        if (openMp == 1 || openMp != processors().size())
            throw TestBackends.skipped(
                    "binding of threads is not tested: it needs a thread for each of several processors");
        // A thread of its own, whose OpenMP threads nothing has searched before.
        CompletableFuture.runAsync(
                        () -> {
                            List<Integer> all = processors();
                            assertThat(runUntilBound(all)).contains(List.of(all.get(0)));
                            test.accept(all);
                        },
                        command -> new Thread(command, "bound").start())
                .join();
    }

    /** The processors of the thread in each run. */
    private static List<List<Integer>> runUntilBound(List<Integer> all) {
        List<List<Integer>> during = new ArrayList<>();
        try (INDArray values = Nd4j.zeros(4096, 1024)) {
            for (int i = 0; i < RUNS; i++) {
                ThreadAffinity.run(all.size(), () -> {
                    during.add(processors());
                    for (int repetition = 0; repetition < 8; repetition++) values.addi(1);
                });
                assertThat(processors()).isEqualTo(all);
                if (during.get(i).size() == 1) break;
            }
            assertThat(values.meanNumber().doubleValue()).isEqualTo(8.0 * during.size());
        }
        assertThat(during.get(0)).as("its OpenMP threads are not known yet").isEqualTo(all);
        return during;
    }

    @Test
    void kernelsRunBoundAndTheCallerIsReleased() {
        inBoundThread(all -> assertThat(processors()).isEqualTo(all));
    }

    @Test
    void callerIsReleasedWhenKernelsFail() {
        inBoundThread(all -> {
            List<List<Integer>> during = new ArrayList<>();
            assertThatThrownBy(() -> ThreadAffinity.run(all.size(), () -> {
                        during.add(processors());
                        throw new IllegalStateException("a kernel failed");
                    }))
                    .hasMessage("a kernel failed");
            assertThat(during).containsExactly(List.of(all.get(0)));
            assertThat(processors()).isEqualTo(all);
        });
    }

    @Test
    void kernelsWithAnotherNumberOfThreadsAreNotBound() {
        inBoundThread(all -> {
            List<List<Integer>> during = new ArrayList<>();
            ThreadAffinity.run(1, () -> during.add(processors()));
            ThreadAffinity.run(all.size() + 1, () -> during.add(processors()));
            assertThat(during).containsExactly(all, all);
        });
    }
}
