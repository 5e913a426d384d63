package org.vit4j.data;

import java.util.Optional;
import java.util.function.IntFunction;

/** Source of batches for training and evaluation: a {@link DataLoader}, or a DL4J iterator wrapped by {@link Dl4jData}. */
public interface BatchSource {

    int batchesPerEpoch();

    /**
     * Returns the batches of an epoch.
     *
     * @param epoch from 0; each has a different order and different augmentation
     * @param skipBatches number of batches to skip at the start, when a run is resumed
     */
    BatchIterator epoch(int epoch, int skipBatches);

    /** Time of all loading so far; {@link LoadTimes#NONE} if the source does not measure it. */
    default LoadTimes loadTimes() {
        return LoadTimes.NONE;
    }

    /** Number of images of each class, [K]; empty if the source does not know its labels in advance. */
    default Optional<long[]> classCounts() {
        return Optional.empty();
    }

    /**
     * All labels of an image by its index, in ascending order; empty if each image has exactly one label. {@link Batch#labels} is
     * then the first of them.
     */
    default Optional<IntFunction<int[]>> labelLists() {
        return Optional.empty();
    }

    /**
     * These batches with images as bytes, for a backend that normalizes them itself; empty if floats are changed after the
     * normalization, or the source has no bytes.
     */
    default Optional<ByteBatches> inBytes() {
        return Optional.empty();
    }

    /**
     * Batches whose images are bytes. A batch with an image that is not of bytes is one of floats.
     *
     * @param table normalized values, [C * 256], by channel and byte
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record ByteBatches(BatchSource source, float[] table) {}

    /**
     * Name of an image for messages and reports.
     *
     * @param index in {@link Batch#indices}
     */
    default String name(int index) {
        return "image " + index;
    }
}
