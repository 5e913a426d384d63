package org.vit4j.keras;

import java.util.Map;
import org.vit4j.graph.Graph;

/** A network with weights, an input {@code image} and the expected logits. */
public record KerasExample(Graph graph, Map<String, float[]> weights, Array input, Array logits) {

    /** @param shape including the leading batch axis */
    public record Array(int[] shape, float[] values) {}
}
