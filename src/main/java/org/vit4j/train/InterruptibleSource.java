package org.vit4j.train;

import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;
import org.vit4j.data.Batch;
import org.vit4j.data.BatchIterator;
import org.vit4j.data.BatchSource;
import org.vit4j.data.LoadTimes;

/** Batches that end early when a stop is requested; validation can take as long as an epoch. */
record InterruptibleSource(BatchSource source, BooleanSupplier stop) implements BatchSource {
    /** Thrown in place of the next batch after a stop request. */
    static final class StoppedException extends RuntimeException {
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
    public Optional<IntFunction<int[]>> labelLists() {
        return source.labelLists();
    }

    @Override
    public LoadTimes loadTimes() {
        return source.loadTimes();
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
                if (stop.getAsBoolean()) throw new StoppedException();
                return batches.next();
            }

            @Override
            public void release(Batch batch) {
                batches.release(batch);
            }

            @Override
            public void close() {
                batches.close();
            }
        };
    }
}
