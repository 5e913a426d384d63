package org.vit4j.explain;

import java.util.List;

/**
 * How alike layers are, pair by pair.
 *
 * @param layers their names
 * @param between [layers][layers], 1 for the same; NaN where maps have different shapes and cannot be compared
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
public record LayerSimilarity(List<String> layers, double[][] between) {
    public LayerSimilarity {
        layers = List.copyOf(layers);
    }

    /** Each layer against the one before it, NaN for the first: DeepViT's curve of collapse with depth. */
    public double[] toTheOneBefore() {
        double[] curve = new double[layers.size()];
        for (int i = 0; i < curve.length; i++) curve[i] = i == 0 ? Double.NaN : between[i][i - 1];
        return curve;
    }
}
