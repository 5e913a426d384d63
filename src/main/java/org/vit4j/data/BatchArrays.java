package org.vit4j.data;

import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Batches without content, in released arrays where there are some. Only full batches are reused. Thread-safe. */
final class BatchArrays {
    private final Preprocessing preprocess;
    private final int batchSize;
    private final int limit;

    /** Released arrays. Their number is bounded by that of the batches in preparation and in use. */
    private final Queue<float[]> floats = new ConcurrentLinkedQueue<>();

    private final Queue<byte[]> bytes = new ConcurrentLinkedQueue<>();

    /** @param limit number of arrays after which no more are kept */
    BatchArrays(Preprocessing preprocess, int batchSize, int limit) {
        this.preprocess = preprocess;
        this.batchSize = batchSize;
        this.limit = limit;
    }

    /** @param byteTable of {@link Preprocessing#byteTable}, for a batch of bytes */
    Batch empty(int n, Optional<float[]> byteTable) {
        int h = preprocess.height();
        int w = preprocess.width();
        int c = preprocess.channels();
        int length = Math.multiplyExact(n, h * w * c);
        if (byteTable.isPresent()) {
            byte[] released = n == batchSize ? bytes.poll() : null;
            byte[] images = released == null ? new byte[length] : released;
            return Batch.ofBytes(n, h, w, c, images, byteTable.get(), new int[n], new int[n]);
        }
        float[] released = n == batchSize ? floats.poll() : null;
        float[] images = released == null ? new float[length] : released;
        return new Batch(n, h, w, c, images, new int[n], new int[n]);
    }

    void release(Batch batch) {
        if (batch.size() != batchSize) return;
        if (batch.isOfBytes()) {
            if (bytes.size() < limit) bytes.add(batch.pixels());
        } else if (floats.size() < limit) {
            floats.add(batch.images());
        }
    }
}
