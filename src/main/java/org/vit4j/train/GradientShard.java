package org.vit4j.train;

/**
 * Result of one worker for its shards of some batches, or the sum over all workers.
 *
 * @param gradient in the layout of the trainable parameters: sum over the batches of the mean over a batch's images
 * @param buffers change of the buffers (batch-norm statistics of each worker, averaged by number of images)
 * @param losses per batch, the mean over its images
 * @param correct number of correct predictions per batch
 * @param images number of images per batch
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record GradientShard(float[] gradient, float[] buffers, double[] losses, long[] correct, int[] images) {

    public int batches() {
        return losses.length;
    }

    /** Adds the result of another shard in place. */
    public GradientShard add(GradientShard other) {
        add(gradient, other.gradient);
        add(buffers, other.buffers);
        for (int i = 0; i < batches(); i++) {
            losses[i] += other.losses[i];
            correct[i] += other.correct[i];
            images[i] += other.images[i];
        }
        return this;
    }

    /** Computes {@code to += values} element-wise. */
    public static void add(float[] to, float[] values) {
        for (int i = 0; i < to.length; i++) to[i] += values[i];
    }
}
