package org.vit4j.explain;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.graph.analysis.TokenGrid;

/**
 * Mean attention distance (Dosovitskiy et al. 2021, arXiv:2010.11929, figure 7 right and D.7): the distance on the
 * image between query and key, weighted by the attention probabilities and averaged over queries. Class tokens have no
 * position and are left out both as queries and as keys; the probabilities of the remaining keys are normalized to a
 * sum of one.
 */
final class AttentionDistance {
    private AttentionDistance() {}

    /** Returns true if both queries and keys have positions on the image. */
    static boolean isDefined(AttentionLayer layer) {
        return layer.queries().hasGrid() && layer.keys().hasGrid();
    }

    /**
     * Computes the distance of each head in pixels.
     *
     * @param maps attention maps of a batch, [B, H, T, S]
     * @return the mean over the images, [H]
     */
    static double[] perHead(INDArray maps, TokenGrid queries, TokenGrid keys) {
        int images = (int) maps.size(0);
        int heads = (int) maps.size(1);
        float[] all = maps.data().asFloat();
        double[] distances = distances(queries, keys);
        int sources = keys.tokens();
        double[] means = new double[heads];
        for (int map = 0; map < images * heads; map++) {
            double sum = 0;
            for (int q = 0; q < queries.grid(); q++) {
                int row = (map * queries.tokens() + queries.before() + q) * sources + keys.before();
                double weightSum = 0;
                double distanceSum = 0;
                for (int k = 0; k < keys.grid(); k++) {
                    double weight = Math.abs(all[row + k]);
                    weightSum += weight;
                    distanceSum += weight * distances[q * keys.grid() + k];
                }
                sum += weightSum == 0 ? 0 : distanceSum / weightSum;
            }
            means[map % heads] += sum / queries.grid() / images;
        }
        return means;
    }

    /** Computes the distance of uniform attention in pixels, the baseline for {@link #perHead}. */
    static double uniform(TokenGrid queries, TokenGrid keys) {
        return java.util.Arrays.stream(distances(queries, keys)).average().orElseThrow();
    }

    /** Computes the distance of every query to every key in pixels, [queries * keys]. */
    private static double[] distances(TokenGrid queries, TokenGrid keys) {
        double[] distances = new double[queries.grid() * keys.grid()];
        for (int q = 0; q < queries.grid(); q++) {
            for (int k = 0; k < keys.grid(); k++) {
                distances[q * keys.grid() + k] = Math.hypot(queries.y(q) - keys.y(k), queries.x(q) - keys.x(k));
            }
        }
        return distances;
    }
}
