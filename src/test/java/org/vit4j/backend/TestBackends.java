package org.vit4j.backend;

import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.vit4j.backend.onednn.Dnnl;

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

    /** Condition of {@link RequiresOneDnn}. */
    static boolean hasOneDnn() {
        return Dnnl.unavailableReason().isEmpty();
    }
}
