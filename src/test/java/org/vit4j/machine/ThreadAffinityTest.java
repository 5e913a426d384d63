package org.vit4j.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOpsHolder;

@EnabledOnOs(OS.LINUX)
class ThreadAffinityTest {
    private static final LinuxThreads THREADS = new LinuxThreads(Path.of("/proc"));
    private static final int RUNS = 40;

    static boolean hasThreads() {
        NativeLibraries.load();
        return processors().size() > 1
                && NativeOpsHolder.getInstance().getDeviceNativeOps().ompGetMaxThreads()
                        == processors().size();
    }

    private static List<Integer> processors() {
        try {
            return THREADS.processors();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    @EnabledIf(value = "hasThreads", disabledReason = "OpenMP has one thread, or not one for each processor")
    void kernelsRunBoundAndTheCallerIsReleased() {
        // A thread of its own, whose OpenMP threads nothing has searched before.
        CompletableFuture.runAsync(ThreadAffinityTest::runBound, command -> new Thread(command, "bound").start())
                .join();
    }

    private static void runBound() {
        List<Integer> all = processors();
        List<List<Integer>> during = new ArrayList<>();
        try (INDArray values = Nd4j.zeros(4096, 1024)) {
            for (int i = 0; i < RUNS; i++) {
                ThreadAffinity.run(all.size(), () -> {
                    during.add(processors());
                    for (int repetition = 0; repetition < 8; repetition++) values.addi(1);
                });
                assertThat(processors()).isEqualTo(all);
            }
            assertThat(values.meanNumber().doubleValue()).isEqualTo(8.0 * RUNS);
        }
        assertThat(during.get(0)).as("its OpenMP threads are not known yet").isEqualTo(all);
        assertThat(during).contains(List.of(all.get(0)));
    }

    @Test
    void callerIsReleasedWhenKernelsFail() {
        List<Integer> all = processors();
        for (int i = 0; i < 3; i++) {
            try {
                ThreadAffinity.run(all.size(), () -> {
                    throw new IllegalStateException("a kernel failed");
                });
            } catch (IllegalStateException e) {
                assertThat(processors()).isEqualTo(all);
            }
        }
    }

    @Test
    void fewerThreadsThanProcessorsAreNotBound() {
        List<Integer> all = processors();
        List<List<Integer>> during = new ArrayList<>();
        for (int i = 0; i < 3; i++) ThreadAffinity.run(all.size() + 1, () -> during.add(processors()));
        ThreadAffinity.run(1, () -> during.add(processors()));
        assertThat(during).containsOnly(all);
    }
}
