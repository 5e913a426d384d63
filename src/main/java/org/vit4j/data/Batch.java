package org.vit4j.data;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Images and labels of one training or evaluation step.
 *
 * @param images [N, H, W, C], normalized
 * @param labels [N]
 * @param indices [N], indices of the images in the dataset
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Batch(int size, int height, int width, int channels, float[] images, int[] labels, int[] indices) {

    /** @throws IllegalArgumentException if an array does not have the expected size */
    public Batch {
        if (size < 1 || images.length != (long) size * height * width * channels) {
            throw new IllegalArgumentException("a batch of " + size + " images of " + height + "x" + width + "x"
                    + channels + " cannot have " + images.length + " values");
        }
        if (labels.length != size || indices.length != size) {
            throw new IllegalArgumentException("a batch of " + size + " images cannot have " + labels.length
                    + " labels and " + indices.length + " indices");
        }
    }

    /** The first {@code count} images. */
    Batch first(int count) {
        if (count == size) return this;
        return new Batch(
                count,
                height,
                width,
                channels,
                Arrays.copyOf(images, count * height * width * channels),
                Arrays.copyOf(labels, count),
                Arrays.copyOf(indices, count));
    }

    /** Copies the images to ND4J's memory, [N, H, W, C]. The caller closes the array; it is not garbage collected. */
    public INDArray array() {
        return Nd4j.create(images, new long[] {size, height, width, channels}, 'c');
    }
}
