package org.vit4j.explain;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.graph.TokenGrid;

/**
 * Mean attention distance (Dosovitskiy et al. 2021, arXiv:2010.11929, figure 7 right and D.7): how far on the image from
 * its own place a query looks, on average over queries, each key's distance weighed by its attention. Class tokens lie
 * nowhere: they neither ask nor are asked, and the weights of the other keys are brought back to a sum of one.
 */
final class AttentionDistance {
    private AttentionDistance() {}

    /** Whether it has a meaning: queries and keys both have places. */
    static boolean exists(AttentionLayer layer) {
        return layer.queries().hasGrid() && layer.keys().hasGrid();
    }

    /**
     * Pixels for each head.
     *
     * @param maps [B, H, T, S] of a batch
     * @return the mean over its images, [H]
     */
    static double[] byHead(INDArray maps, TokenGrid queries, TokenGrid keys) {
        int images = (int) maps.size(0);
        int heads = (int) maps.size(1);
        float[] all = maps.data().asFloat();
        double[] apart = distances(queries, keys);
        int sources = keys.tokens();
        double[] means = new double[heads];
        for (int map = 0; map < images * heads; map++) {
            double sum = 0;
            for (int q = 0; q < queries.grid(); q++) {
                int row = (map * queries.tokens() + queries.before() + q) * sources + keys.before();
                double weights = 0;
                double far = 0;
                for (int k = 0; k < keys.grid(); k++) {
                    double weight = Math.abs(all[row + k]);
                    weights += weight;
                    far += weight * apart[q * keys.grid() + k];
                }
                sum += weights == 0 ? 0 : far / weights;
            }
            means[map % heads] += sum / queries.grid() / images;
        }
        return means;
    }

    /** Pixels, if every query looked at all places alike: what a distance is to be held against. */
    static double uniform(TokenGrid queries, TokenGrid keys) {
        return java.util.Arrays.stream(distances(queries, keys)).average().orElseThrow();
    }

    /** Of every query to every key. */
    private static double[] distances(TokenGrid queries, TokenGrid keys) {
        double[] apart = new double[queries.grid() * keys.grid()];
        for (int q = 0; q < queries.grid(); q++) {
            for (int k = 0; k < keys.grid(); k++) {
                apart[q * keys.grid() + k] = Math.hypot(queries.y(q) - keys.y(k), queries.x(q) - keys.x(k));
            }
        }
        return apart;
    }
}
