package org.vit4j.data;

/**
 * A batch whose pictures may hold something of another: that of image i is of image N - 1 - i.
 *
 * @param batch images as they are learned from, labels and indices as they were
 * @param lambda [N], of each image in itself, 0..1; the rest belongs to its partner
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
public record MixedBatch(Batch batch, double[] lambda) {

    public MixedBatch {
        if (lambda.length != batch.size()) {
            throw new IllegalArgumentException(
                    "a batch of " + batch.size() + " images cannot have " + lambda.length + " shares");
        }
    }

    /** Every image all its own. */
    public static MixedBatch none(Batch batch) {
        double[] shares = new double[batch.size()];
        java.util.Arrays.fill(shares, 1);
        return new MixedBatch(batch, shares);
    }

    public int size() {
        return batch.size();
    }

    /** The label of the image that {@code i} was mixed with. */
    public int partner(int i) {
        return batch.labels()[batch.size() - 1 - i];
    }

    /** [N], the label with the larger share; its own where both have half. */
    public int[] dominant() {
        int[] labels = new int[batch.size()];
        for (int i = 0; i < labels.length; i++) labels[i] = lambda[i] >= 0.5 ? batch.labels()[i] : partner(i);
        return labels;
    }
}
