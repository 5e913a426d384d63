package org.vit4j.cli;

import org.vit4j.data.Batch;
import org.vit4j.data.BatchIterator;
import org.vit4j.data.BatchSource;
import org.vit4j.data.ForwardingBatchSource;

/** Batches whose use is reported as progress; a batch is finished when the next one is requested. */
final class ReportedBatches extends ForwardingBatchSource {
    private final BatchProgress progress;

    ReportedBatches(BatchSource source, BatchProgress progress) {
        super(source);
        this.progress = progress;
    }

    @Override
    public BatchIterator epoch(int epoch, int skipBatches) {
        BatchIterator batches = source().epoch(epoch, skipBatches);
        return new ForwardingBatches() {
            private int used;

            @Override
            protected BatchIterator batches() {
                return batches;
            }

            @Override
            public boolean hasNext() {
                if (used > 0) progress.add(used);
                used = 0;
                return super.hasNext();
            }

            @Override
            public Batch next() {
                Batch batch = super.next();
                used = batch.size();
                return batch;
            }
        };
    }
}
