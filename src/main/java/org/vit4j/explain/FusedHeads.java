package org.vit4j.explain;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.explain.Rollout.AttentionMaps;

/**
 * One attention map per layer for rollout, as vit-explain computes it: heads are combined by mean, maximum or minimum,
 * and the smallest values are discarded. The absolute values of each row of a head are normalized to a sum of one
 * first, since some networks mix their heads after the softmax.
 */
final class FusedHeads {
    private FusedHeads() {}

    /**
     * Combines one image's maps, [1, H, T, S] -> [T, S].
     *
     * @param keepFirst if true, the first value is never discarded: the attention of the class token to itself
     */
    static AttentionMaps of(INDArray maps, RolloutOptions options, boolean keepFirst) {
        int heads = (int) maps.size(1);
        int queries = (int) maps.size(2);
        int keys = (int) maps.size(3);
        float[] all = maps.data().asFloat();
        double[] sums = rowSums(all, keys);
        float[] shares = new float[queries * keys];
        double[] values = new double[heads];
        for (int i = 0; i < shares.length; i++) {
            for (int h = 0; h < heads; h++) {
                double sum = sums[h * queries + i / keys];
                values[h] = sum == 0 ? 0 : Math.abs(all[h * shares.length + i]) / sum;
            }
            shares[i] = (float) options.fusion().of(values);
        }
        discard(shares, (int) (shares.length * options.discard()), keepFirst);
        return new AttentionMaps(shares, queries, keys);
    }

    /** Sums of the absolute values of the rows of all heads, [H * T]. */
    private static double[] rowSums(float[] all, int keys) {
        double[] sums = new double[all.length / keys];
        for (int i = 0; i < all.length; i++) sums[i / keys] += Math.abs(all[i]);
        return sums;
    }

    /** Sets the {@code count} smallest values to 0; of equal values, the first ones. */
    private static void discard(float[] shares, int count, boolean keepFirst) {
        if (count == 0) return;
        float[] sorted = shares.clone();
        Arrays.sort(sorted);
        float largest = sorted[count - 1]; // of the discarded values
        int equal = 0; // number of discarded values that equal the largest
        while (equal < count && sorted[count - 1 - equal] == largest) equal++;
        for (int i = 0; i < shares.length; i++) {
            boolean discarded = shares[i] < largest || (shares[i] == largest && equal-- > 0);
            if (discarded && !(i == 0 && keepFirst)) shares[i] = 0;
        }
    }
}
