package org.vit4j.backend.samediff;

import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Graph;

/**
 * Lowers a graph to standard ND4J operations, for any ND4J backend and any batch size. The reference semantics of all
 * graph operations.
 */
public final class SameDiffLowering {
    private SameDiffLowering() {}

    /** Lowers every tensor of the graph, in order. */
    public static SameDiffGraph lower(Graph graph, ParameterStore parameters, Mode mode) {
        return new SameDiffOpLowering(graph, parameters, mode).lower(graph, parameters);
    }
}
