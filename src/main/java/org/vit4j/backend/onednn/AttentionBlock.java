package org.vit4j.backend.onednn;

import java.util.List;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.DropOp;
import org.vit4j.graph.Tensor;

/**
 * Size of a block of attention maps [B, H, T, S] that is computed at once: several images, or heads of one image, or rows of
 * one head.
 */
record AttentionBlock(long images, long heads, long rows) {
    /** Floats, 4 MB: fits the L3 cache. Smaller blocks were slower because of the cost of each call. */
    static final long SIZE = 1 << 20;

    /**
     * Blocks for some attention maps, from the scores to the probabilities.
     *
     * @param training whether gradients are computed, for which blocks are of images
     * @param queries [B, H, T, d]
     * @param keys [B, H, S, d]
     */
    static AttentionBlock of(List<Tensor> maps, boolean training, StridedArray queries, StridedArray keys) {
        boolean rows = !training
                && maps.stream()
                        .allMatch(map -> map.op() instanceof AttentionOp.AttentionScores
                                || map.op() instanceof AttentionOp.Softmax
                                || map.op() instanceof DropOp.Dropout);
        return rows ? ofRows(queries, keys.dim(2), SIZE) : ofImages(queries, keys.dim(2), SIZE);
    }

    /**
     * Blocks of maps whose rows do not depend on one another.
     *
     * @param queries [B, H, T, d]
     * @param size maximum size of a block in floats, which one row may exceed, and two heads of which each fits: oneDNN
     *     divides one head between threads, and each of its kernels in another way
     */
    static AttentionBlock ofRows(StridedArray queries, long keys, long size) {
        long head = queries.dim(2) * keys;
        if (head > size) return new AttentionBlock(1, 1, even(queries.dim(2), size / keys));
        if (head * queries.dim(1) > size)
            return new AttentionBlock(1, even(queries.dim(1), Math.max(2, size / head)), queries.dim(2));
        return ofImages(queries, keys, size);
    }

    /** Blocks of images, as heads and rows depend on one another; a block has at least one image. */
    static AttentionBlock ofImages(StridedArray queries, long keys, long size) {
        long image = queries.dim(1) * queries.dim(2) * keys;
        return new AttentionBlock(even(queries.dim(0), size / image), queries.dim(1), queries.dim(2));
    }

    /** The size of nearly equal parts, as few as possible, of at most {@code limit}. */
    private static long even(long size, long limit) {
        long parts = (size + Math.max(1, limit) - 1) / Math.max(1, limit);
        return (size + parts - 1) / parts;
    }
}
