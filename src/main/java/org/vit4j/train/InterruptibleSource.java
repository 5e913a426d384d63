package org.vit4j.train;

import java.util.function.BooleanSupplier;
import org.vit4j.data.Batch;
import org.vit4j.data.BatchIterator;
import org.vit4j.data.BatchSource;

/** Batches until somebody says stop; validation can last as long as an epoch. */
record InterruptibleSource(BatchSource source, BooleanSupplier stop) implements BatchSource {
    /** Thrown instead of the next batch. */
    static final class Stopped extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    @Override
    public int batchesPerEpoch() {
        return source.batchesPerEpoch();
    }

    @Override
    public String name(int index) {
        return source.name(index);
    }

    @Override
    public BatchIterator epoch(int epoch, int skipBatches) {
        BatchIterator batches = source.epoch(epoch, skipBatches);
        return new BatchIterator() {
            @Override
            public boolean hasNext() {
                return batches.hasNext();
            }

            @Override
            public Batch next() {
                if (stop.getAsBoolean()) throw new Stopped();
                return batches.next();
            }

            @Override
            public void close() {
                batches.close();
            }
        };
    }
}
