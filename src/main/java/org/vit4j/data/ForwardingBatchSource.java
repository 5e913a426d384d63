package org.vit4j.data;

import java.util.Optional;
import java.util.function.IntFunction;

/**
 * A source that changes how the batches of another one are iterated, and forwards everything else. {@link #inBytes} is empty,
 * since the other source's byte batches would not be changed.
 */
public abstract class ForwardingBatchSource implements BatchSource {
    private final BatchSource source;

    protected ForwardingBatchSource(BatchSource source) {
        this.source = source;
    }

    /** Returns the source to forward to. */
    protected final BatchSource source() {
        return source;
    }

    /** The batches of another source's epoch; subclasses change what they need. */
    public abstract static class ForwardingBatches implements BatchIterator {
        /** Returns the iterator to forward to. */
        protected abstract BatchIterator batches();

        @Override
        public boolean hasNext() {
            return batches().hasNext();
        }

        @Override
        public Batch next() {
            return batches().next();
        }

        @Override
        public void release(Batch batch) {
            batches().release(batch);
        }

        @Override
        public void close() {
            batches().close();
        }
    }

    @Override
    public int batchesPerEpoch() {
        return source.batchesPerEpoch();
    }

    @Override
    public LoadTimes loadTimes() {
        return source.loadTimes();
    }

    @Override
    public Optional<long[]> classCounts() {
        return source.classCounts();
    }

    @Override
    public Optional<IntFunction<int[]>> labelLists() {
        return source.labelLists();
    }

    @Override
    public String name(int index) {
        return source.name(index);
    }
}
