package org.vit4j.train;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What the loss compares with: soft rows that sum to one. */
public final class Targets {
    private Targets() {}

    /** Labels -> [B, K]: 1 - smoothing + smoothing / K for the label, smoothing / K for the others (as PyTorch). */
    public static INDArray smoothed(int[] labels, int classes, double smoothing) {
        float off = (float) (smoothing / classes);
        float on = (float) (1 - smoothing + smoothing / classes);
        float[] rows = new float[labels.length * classes];
        java.util.Arrays.fill(rows, off);
        for (int i = 0; i < labels.length; i++) rows[i * classes + labels[i]] = on;
        return Nd4j.createFromArray(rows).reshape('c', labels.length, classes);
    }
}
