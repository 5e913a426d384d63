package org.vit4j.train;

/**
 * What a worker found in its parts of some batches; or, added up, what all found in the whole ones.
 *
 * @param gradient laid out like the trained weights: the sum over the batches of the mean over a batch's images
 * @param buffers by how much the weights that are kept have to move: each worker's own batch normalizations, averaged by images
 * @param losses for each batch, the mean over its images
 * @param correct for each batch
 * @param images for each batch
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
public record GradientShard(float[] gradient, float[] buffers, double[] losses, long[] correct, int[] images) {

    public int batches() {
        return losses.length;
    }

    /** Adds the answer of another part, in place. */
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

    /** {@code to += what}, element by element. */
    public static void add(float[] to, float[] what) {
        for (int i = 0; i < to.length; i++) to[i] += what[i];
    }
}
