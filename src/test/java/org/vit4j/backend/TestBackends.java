package org.vit4j.backend;

import java.util.List;
import org.vit4j.backend.onednn.Dnnl;

/** The backends that this machine can run. */
public final class TestBackends {
    private TestBackends() {}

    /** The SameDiff backend, and the oneDNN backend on a CPU with AVX2. */
    public static List<Backend> available() {
        return hasOneDnn() ? List.of(Backend.SAMEDIFF, Backend.ONEDNN) : List.of(Backend.SAMEDIFF);
    }

    /** Condition of {@link RequiresOneDnn}. */
    static boolean hasOneDnn() {
        return Dnnl.unavailableReason().isEmpty();
    }
}
