package org.vit4j.backend;

import java.util.function.Supplier;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.factory.Nd4j;

/** ND4J's workspaces, whose memory is used again when they are closed. The caller of a method may have opened one. */
public final class Workspaces {
    private Workspaces() {}

    /** Calls {@code work}, whose arrays are in no workspace of the caller. */
    @SuppressWarnings("try") // "outside" is only closed
    public static <T> T outside(Supplier<T> work) {
        try (MemoryWorkspace outside = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces()) {
            return work.get();
        }
    }
}
