package org.vit4j.explain;

import java.util.List;

/**
 * Similarity of the attention maps of every pair of layers.
 *
 * @param layers layer names
 * @param cosines [layers][layers], 1 on the diagonal; NaN where the maps have different shapes and cannot be compared
 */
@SuppressWarnings("ArrayRecordComponent") // instances are never compared
public record LayerSimilarity(List<String> layers, double[][] cosines) {
    public LayerSimilarity {
        layers = List.copyOf(layers);
    }

    /**
     * Returns the similarity of each layer to the previous one, NaN for the first: DeepViT's curve of attention
     * collapse.
     */
    public double[] toPreviousLayer() {
        double[] curve = new double[layers.size()];
        for (int i = 0; i < curve.length; i++) curve[i] = i == 0 ? Double.NaN : cosines[i][i - 1];
        return curve;
    }
}
