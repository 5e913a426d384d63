package org.vit4j.backend.samediff;

import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;

/**
 * Lowers a graph to standard ND4J operations, for any ND4J backend and any batch size. The reference semantics of all
 * graph operations.
 */
public final class SameDiffLowering {
    private SameDiffLowering() {}

    /** Lowers every tensor of the graph, in order. */
    public static SameDiffGraph lower(Graph graph, ParameterStore parameters, Mode mode) {
        return SameDiffOpLowering.start(graph, parameters, mode).lower(graph, parameters);
    }

    /**
     * Lowers tensors into a SameDiff graph with other content, in inference mode.
     *
     * @param tensors in the order of their graph, with all tensors that they depend on; the first is the only input, the images
     * @param images the value of the input, [B, H, W, C]
     * @param parameters variables of the parameters, by name
     * @return the last tensor, [B, ..]
     */
    public static SDVariable lowerInto(
            SameDiff sd, List<Tensor> tensors, SDVariable images, Map<String, SDVariable> parameters) {
        return new SameDiffOpLowering(sd, Mode.INFERENCE, tensors.get(0), images, parameters).lower(tensors);
    }
}
