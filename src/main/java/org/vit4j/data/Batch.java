package org.vit4j.data;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.executioner.OpExecutioner;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.config.Checks;

/** Images and labels of one training or evaluation step. Not thread-safe while its images are still bytes. */
public final class Batch {
    private final int size;
    private final int height;
    private final int width;
    private final int channels;
    private final int[] labels;
    private final int[] indices;
    private float[] images;
    private final byte[] bytes;
    private final float[] table;

    /** Normalized images of floats, by their position in a batch of bytes. */
    private final Map<Integer, float[]> floats = new ConcurrentHashMap<>();

    /**
     * A batch of floats.
     *
     * @param images [N, H, W, C], normalized
     * @param labels [N]
     * @param indices [N], indices of the images in the dataset
     * @throws IllegalArgumentException if an array does not have the expected size
     */
    public Batch(int size, int height, int width, int channels, float[] images, int[] labels, int[] indices) {
        this(size, height, width, channels, images, null, null, labels, indices);
        check(images.length);
    }

    private Batch(
            int size,
            int height,
            int width,
            int channels,
            float[] images,
            byte[] bytes,
            float[] table,
            int[] labels,
            int[] indices) {
        this.size = size;
        this.height = height;
        this.width = width;
        this.channels = channels;
        this.images = images;
        this.bytes = bytes;
        this.table = table;
        this.labels = labels;
        this.indices = indices;
    }

    /** A batch of bytes, [N, H, W, C], which {@link #images} normalizes by {@link Preprocessing#byteTable}. */
    static Batch ofBytes(
            int size, int height, int width, int channels, byte[] bytes, float[] table, int[] labels, int[] indices) {
        Batch batch = new Batch(size, height, width, channels, null, bytes, table, labels, indices);
        batch.check(bytes.length);
        return batch;
    }

    private void check(int values) {
        if (size < 1 || values != (long) size * height * width * channels) {
            throw new IllegalArgumentException("a batch of " + size + " images of " + height + "x" + width + "x"
                    + channels + " cannot have " + values + " values");
        }
        if (labels.length != size || indices.length != size) {
            throw new IllegalArgumentException("a batch of " + size + " images cannot have " + labels.length
                    + " labels and " + indices.length + " indices");
        }
    }

    public int size() {
        return size;
    }

    public int height() {
        return height;
    }

    public int width() {
        return width;
    }

    public int channels() {
        return channels;
    }

    /** Labels, [N]. */
    public int[] labels() {
        return labels;
    }

    /**
     * Returns the labels, [N].
     *
     * @param classes number of classes, K
     * @throws IllegalArgumentException unless each is an index of a class
     */
    public int[] labels(int classes) {
        for (int i = 0; i < size; i++) checkLabel(labels[i], classes, indices[i]);
        return labels;
    }

    /**
     * Requires a label to be the index of a class.
     *
     * @param index of its image in the dataset
     */
    public static void checkLabel(int label, int classes, int index) {
        Checks.require(
                label >= 0 && label < classes,
                "image %d: label %d, expected 0 to %d, an index of the classes",
                index,
                label,
                classes - 1);
    }

    /** Indices of the images in the dataset, [N]. */
    public int[] indices() {
        return indices;
    }

    /** Normalized images, [N, H, W, C]; computed at the first call if they are bytes. */
    public float[] images() {
        if (images == null) {
            images = new float[bytes.length];
            for (int i = 0; i < bytes.length; i++) images[i] = table[i % channels * 256 + (bytes[i] & 0xFF)];
            floats.forEach((i, values) -> System.arraycopy(values, 0, images, i * values.length, values.length));
        }
        return images;
    }

    /** Images before normalization, [N, H, W, C]; empty if an image was loaded as floats. */
    public Optional<byte[]> bytes() {
        return floats.isEmpty() ? Optional.ofNullable(bytes) : Optional.empty();
    }

    /** Returns true if the batch was made for bytes. */
    boolean isOfBytes() {
        return bytes != null;
    }

    /** Sets an image of a batch of bytes, [H, W, C]. Different images may be set by different threads. */
    void putBytes(int i, byte[] pixels) {
        System.arraycopy(pixels, 0, bytes, i * pixels.length, pixels.length);
    }

    /** Sets an image of a batch of bytes, [H, W, C], normalized. Different images may be set by different threads. */
    void putFloats(int i, float[] values) {
        floats.put(i, values);
    }

    /** The array of a batch of bytes, to use again. */
    byte[] pixels() {
        return bytes;
    }

    /** The first {@code count} images. */
    Batch first(int count) {
        if (count == size) return this;
        int length = count * height * width * channels;
        int[] first = Arrays.copyOf(labels, count);
        int[] of = Arrays.copyOf(indices, count);
        return bytes().isEmpty()
                ? new Batch(count, height, width, channels, Arrays.copyOf(images(), length), first, of)
                : ofBytes(count, height, width, channels, Arrays.copyOf(bytes, length), table, first, of);
    }

    /** Copies an image, its label and its index to another position. */
    void move(int from, int to) {
        if (from == to) return;
        int length = height * width * channels;
        if (bytes == null) System.arraycopy(images, from * length, images, to * length, length);
        else System.arraycopy(bytes, from * length, bytes, to * length, length);
        floats.remove(to);
        Optional.ofNullable(floats.remove(from)).ifPresent(values -> floats.put(to, values));
        labels[to] = labels[from];
        indices[to] = indices[from];
    }

    /** Copies the images to ND4J's memory, [N, H, W, C]. The caller closes the array; it is not garbage collected. */
    public INDArray array() {
        long[] shape = {size, height, width, channels};
        // ND4J copies to the host's memory element by element, but to a GPU at once.
        if (Nd4j.getExecutioner().type() != OpExecutioner.ExecutionerType.NATIVE_CPU)
            return Nd4j.create(images(), shape, 'c');
        INDArray array = Nd4j.createUninitialized(DataType.FLOAT, shape, 'c');
        ((FloatPointer) array.data().pointer()).position(0).put(images());
        return array;
    }

    /** Like {@link #array}, but as bytes if the batch was loaded as bytes; they are unsigned, whatever the array's type says. */
    public INDArray byteArray() {
        if (bytes().isEmpty()) return array();
        INDArray array = Nd4j.createUninitialized(DataType.INT8, new long[] {size, height, width, channels}, 'c');
        ((BytePointer) array.data().pointer()).position(0).put(bytes);
        return array;
    }
}
