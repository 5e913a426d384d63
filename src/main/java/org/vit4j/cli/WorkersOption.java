package org.vit4j.cli;

import java.util.Optional;
import org.vit4j.config.ConfigError;
import picocli.CommandLine.Option;

/** The option {@code --workers}, the number of threads that read images. */
final class WorkersOption {
    /** A decoded photograph of 24 megapixels takes 72 MB. */
    private static final long HEAP_PER_THREAD = 128L << 20;

    @Option(
            names = "--workers",
            paramLabel = "N",
            description = "Threads that read, decode and resize images. Each holds one decoded image (default: the"
                    + " number of processors, at most one per 128 MB of heap).")
    private Optional<Integer> count = Optional.empty();

    /** Number of threads. @throws ConfigError if it is not positive */
    int count() {
        int threads = count.orElseGet(WorkersOption::byDefault);
        if (threads < 1) throw new ConfigError("--workers " + threads + ": expected at least 1");
        return threads;
    }

    private static int byDefault() {
        long byHeap = Runtime.getRuntime().maxMemory() / HEAP_PER_THREAD;
        int byProcessors = Runtime.getRuntime().availableProcessors();
        return (int) Math.max(1, Math.min(byProcessors, byHeap));
    }
}
