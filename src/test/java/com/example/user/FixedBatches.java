package com.example.user;

import java.util.stream.IntStream;
import org.vit4j.data.Batch;
import org.vit4j.data.BatchIterator;
import org.vit4j.data.BatchSource;

/**
 * Equal batches of black images.
 *
 * @param batchesPerEpoch promised number
 * @param actual number before the source ends
 */
record FixedBatches(int batchesPerEpoch, int actual, int height, int width, int[] labels) implements BatchSource {
    FixedBatches(int batchesPerEpoch, int actual, int[] labels) {
        this(batchesPerEpoch, actual, Stripes.SIDE, Stripes.SIDE, labels);
    }

    @Override
    public BatchIterator epoch(int epoch, int skipBatches) {
        return new BatchIterator() {
            private int next = skipBatches;

            @Override
            public boolean hasNext() {
                return next < actual;
            }

            @Override
            public Batch next() {
                next++;
                int size = labels.length;
                int[] indices = IntStream.range(0, size).toArray();
                return new Batch(size, height, width, 3, new float[size * height * width * 3], labels, indices);
            }

            @Override
            public void close() {}
        };
    }
}
