package org.vit4j.train;

import java.util.Arrays;
import java.util.function.IntFunction;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.data.Batch;
import org.vit4j.data.MixedBatch;

/** Target probabilities of the loss; rows sum to 1. */
public final class SoftTargets {
    private SoftTargets() {}

    /**
     * Smoothed labels, [B, K]: 1 - smoothing + smoothing / K for the label, smoothing / K for the others (as PyTorch).
     */
    public static INDArray smoothed(int[] labels, int classes, double smoothing) {
        double[] own = new double[labels.length];
        Arrays.fill(own, 1);
        return rows(labels, own, classes, smoothing);
    }

    /** Smoothed labels of an image and its partner, weighted by lambda, [B, K] (timm's {@code mixup_target}). */
    public static INDArray mixed(MixedBatch mixed, int classes, double smoothing) {
        return rows(mixed.batch().labels(), mixed.lambda(), classes, smoothing);
    }

    /** Computes in single precision, as timm. */
    private static INDArray rows(int[] labels, double[] shares, int classes, double smoothing) {
        int n = labels.length;
        float off = (float) (smoothing / classes);
        float on = (float) (1 - smoothing + smoothing / classes);
        float[] rows = new float[n * classes];
        for (int i = 0; i < n; i++) {
            float own = (float) shares[i];
            float other = (float) (1 - shares[i]);
            int partner = labels[MixedBatch.partnerOf(i, n)];
            for (int k = 0; k < classes; k++) {
                rows[i * classes + k] = (k == labels[i] ? on : off) * own + (k == partner ? on : off) * other;
            }
        }
        return Nd4j.createFromArray(rows).reshape('c', n, classes);
    }

    /**
     * Labels of images that have several, [B, K]: 1 for each of them, those of an image and its partner weighted by lambda.
     *
     * @param labels classes of an image by its index in the dataset
     */
    public static INDArray multiHot(MixedBatch mixed, IntFunction<int[]> labels, int classes) {
        int n = mixed.size();
        int[] indices = mixed.batch().indices();
        float[] rows = new float[n * classes];
        for (int i = 0; i < n; i++) {
            float own = (float) mixed.lambda()[i];
            add(rows, i * classes, classes, indices[i], labels, own);
            float other = (float) (1 - mixed.lambda()[i]);
            if (other != 0) add(rows, i * classes, classes, indices[MixedBatch.partnerOf(i, n)], labels, other);
        }
        return Nd4j.createFromArray(rows).reshape('c', n, classes);
    }

    private static void add(float[] rows, int row, int classes, int index, IntFunction<int[]> labels, float share) {
        for (int label : labels.apply(index)) {
            Batch.checkLabel(label, classes, index);
            rows[row + label] += share;
        }
    }

    /** Sets targets above the threshold to 1, others to 0, in place. */
    static void harden(INDArray targets, double threshold) {
        float limit = (float) threshold;
        for (long i = 0; i < targets.length(); i++) targets.putScalar(i, targets.getFloat(i) > limit ? 1 : 0);
    }
}
