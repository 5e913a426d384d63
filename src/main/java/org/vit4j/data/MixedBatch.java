package org.vit4j.data;

/**
 * A batch after mixup or CutMix. Image i is mixed with its partner, image N - 1 - i.
 *
 * @param batch mixed images with the original labels and indices
 * @param lambda [N], weight of each image's own label, 0..1; its partner's label has weight 1 - lambda
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record MixedBatch(Batch batch, double[] lambda) {

    public MixedBatch {
        if (lambda.length != batch.size()) {
            throw new IllegalArgumentException(
                    "lambda has " + lambda.length + " values for a batch of " + batch.size() + " images");
        }
    }

    /** Wraps a batch without mixing. */
    public static MixedBatch none(Batch batch) {
        double[] lambda = new double[batch.size()];
        java.util.Arrays.fill(lambda, 1);
        return new MixedBatch(batch, lambda);
    }

    public int size() {
        return batch.size();
    }

    /** Position of the partner of image {@code i} in a batch of {@code n} images. */
    public static int partnerOf(int i, int n) {
        return n - 1 - i;
    }

    /** Label of the partner of image {@code i}. */
    public int partner(int i) {
        return batch.labels()[partnerOf(i, size())];
    }

    /** Position of the image with the larger weight in image {@code i}: itself, or its partner. */
    public int dominantOf(int i) {
        return lambda[i] >= 0.5 ? i : partnerOf(i, size());
    }

    /** [N], the label with the larger weight; the image's own label if both are equal. */
    public int[] dominant() {
        int[] labels = new int[batch.size()];
        for (int i = 0; i < labels.length; i++) labels[i] = batch.labels()[dominantOf(i)];
        return labels;
    }
}
