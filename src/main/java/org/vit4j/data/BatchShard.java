package org.vit4j.data;

import java.util.stream.IntStream;

/**
 * Subset of the images of a batch, for distributed training. Images i and N - 1 - i, which {@link Mixup} mixes, are always in
 * the same shard, at mirrored positions, so that {@link MixedBatch#partner} holds within a shard too.
 *
 * @param batchSize number of images in the full batch
 * @param positions of the shard's images in the batch, ascending
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record BatchShard(int batchSize, int[] positions) {

    /** The full batch as one shard. */
    public static BatchShard all(int batchSize) {
        return new BatchShard(batchSize, IntStream.range(0, batchSize).toArray());
    }

    /**
     * Returns one of {@code shards} disjoint shards whose numbers of pairs differ by at most 1. Empty if there are more shards
     * than pairs.
     *
     * @param shard index, from 0
     */
    public static BatchShard of(int batchSize, int shard, int shards) {
        if (shard < 0 || shard >= shards) {
            throw new IllegalArgumentException("shard (" + shard + ") must be in [0, " + shards + ")");
        }
        long pairs = (batchSize + 1L) / 2;
        int from = (int) (pairs * shard / shards);
        int to = (int) (pairs * (shard + 1) / shards);
        IntStream left = IntStream.range(from, to);
        // The middle image of an odd batch is its own partner and must occur only once.
        IntStream right = IntStream.range(Math.max(batchSize - to, to), batchSize - from);
        return new BatchShard(batchSize, IntStream.concat(left, right).toArray());
    }

    public int size() {
        return positions.length;
    }
}
