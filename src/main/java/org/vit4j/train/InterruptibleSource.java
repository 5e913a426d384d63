package org.vit4j.train;

import java.util.function.BooleanSupplier;
import org.vit4j.data.Batch;
import org.vit4j.data.BatchIterator;
import org.vit4j.data.BatchSource;
import org.vit4j.data.ForwardingBatchSource;

/** Batches that end early when a stop is requested; validation can take as long as an epoch. */
final class InterruptibleSource extends ForwardingBatchSource {
    private final BooleanSupplier stop;

    InterruptibleSource(BatchSource source, BooleanSupplier stop) {
        super(source);
        this.stop = stop;
    }

    /** Thrown in place of the next batch after a stop request. */
    static final class StoppedException extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    @Override
    public BatchIterator epoch(int epoch, int skipBatches) {
        BatchIterator batches = source().epoch(epoch, skipBatches);
        return new ForwardingBatches() {
            @Override
            protected BatchIterator batches() {
                return batches;
            }

            @Override
            public Batch next() {
                if (stop.getAsBoolean()) throw new StoppedException();
                return super.next();
            }
        };
    }
}
