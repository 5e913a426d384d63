package org.vit4j.keras;

import java.util.Map;
import org.vit4j.graph.Graph;

/** A network with its weights, an input of {@code image} and the logits it must make of that. */
public record KerasExamples(Graph graph, Map<String, float[]> weights, Array input, Array logits) {

    /** @param shape with the batch axis in front */
    public record Array(int[] shape, float[] values) {}
}
