package org.vit4j.explain;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Similarity of the attention maps of two layers (Zhou et al. 2021, arXiv:2103.11886, equation 2): the cosine between
 * corresponding columns of the two maps (a token's contribution to all tokens), averaged over tokens, heads and images.
 * Values near 1 over many layers indicate attention collapse.
 */
final class MapSimilarity {
    private MapSimilarity() {}

    /** Computes the mean cosine of two sets of maps [B, H, T, S] of the same shape. */
    static double meanCosine(INDArray a, INDArray b) {
        int queries = (int) a.size(2);
        int keys = (int) a.size(3);
        int maps = (int) (a.size(0) * a.size(1));
        float[] first = a.data().asFloat();
        float[] second = b.data().asFloat();
        double sum = 0;
        for (int map = 0; map < maps; map++) {
            for (int k = 0; k < keys; k++) sum += cosine(first, second, map * queries * keys + k, queries, keys);
        }
        return sum / maps / keys;
    }

    private static double cosine(float[] a, float[] b, int from, int count, int stride) {
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int i = 0, at = from; i < count; i++, at += stride) {
            ab += (double) a[at] * b[at];
            aa += (double) a[at] * a[at];
            bb += (double) b[at] * b[at];
        }
        return aa == 0 || bb == 0 ? 0 : ab / Math.sqrt(aa * bb);
    }
}
