package org.vit4j.backend;

import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.opentest4j.TestAbortedException;
import org.vit4j.backend.onednn.Dnnl;
import org.vit4j.config.ConfigError;

/** The backends that this machine can run. */
public final class TestBackends {
    private TestBackends() {}

    /** The SameDiff backend, the oneDNN backend on a CPU with AVX2, and the libtorch backend in builds that have it. */
    public static List<Backend> available() {
        return Stream.concat(Stream.of(Backend.SAMEDIFF), compared().stream()).toList();
    }

    /** The available backends that must agree with the SameDiff backend. */
    public static List<Backend> compared() {
        return Stream.concat(
                        Stream.of(Backend.ONEDNN).filter(any -> hasOneDnn()),
                        Stream.of(Backend.TORCH).filter(any -> hasTorch()))
                .toList();
    }

    private static boolean hasTorch() {
        return ServiceLoader.load(BackendProvider.class).stream()
                .anyMatch(provider -> provider.get().configName().equals("torch"));
    }

    /** The oneDNN backend in bfloat16. Skips the test, and prints the reason, on a processor that cannot compute in it. */
    public static Backend bf16() {
        Backend backend = Backend.ONEDNN.with(Precision.BF16);
        try {
            backend.check();
            return backend;
        } catch (ConfigError e) {
            throw skipped("bfloat16 is not tested: " + e.getMessage());
        }
    }

    /** To be thrown by a test that this machine cannot run; the reason is printed, because reports only count such tests. */
    public static TestAbortedException skipped(String reason) {
        System.err.println(reason);
        return new TestAbortedException(reason);
    }

    /** Condition of {@link RequiresOneDnn}. */
    static boolean hasOneDnn() {
        return Dnnl.unavailableReason().isEmpty();
    }
}
