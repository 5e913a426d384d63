package org.vit4j.data;

import java.util.stream.IntStream;

/**
 * Some images of a batch. An image and its partner, as far from the other end of the batch, are always in the same part:
 * {@link MixedBatch} then holds for the part as it does for the whole.
 *
 * @param whole images in the batch
 * @param positions of these in it, ascending
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
public record BatchShard(int whole, int[] positions) {

    public static BatchShard all(int whole) {
        return new BatchShard(whole, IntStream.range(0, whole).toArray());
    }

    /**
     * One of several parts that are as large as pairs of partners allow, and that together are the batch. Empty where there
     * are more parts than pairs.
     *
     * @param part from 0
     */
    public static BatchShard of(int whole, int part, int parts) {
        if (part < 0 || part >= parts) throw new IllegalArgumentException("part " + part + " of " + parts);
        long pairs = (whole + 1L) / 2;
        int from = (int) (pairs * part / parts);
        int to = (int) (pairs * (part + 1) / parts);
        IntStream left = IntStream.range(from, to);
        // The middle one of an odd batch is its own partner, and comes once.
        IntStream right = IntStream.range(Math.max(whole - to, to), whole - from);
        return new BatchShard(whole, IntStream.concat(left, right).toArray());
    }

    public int size() {
        return positions.length;
    }
}
