package org.vit4j.cli;

import org.vit4j.data.Batch;
import org.vit4j.data.BatchIterator;
import org.vit4j.data.BatchSource;

/** Batches whose use is reported as progress; a batch is finished when the next one is requested. */
record ReportedBatches(BatchSource batches, BatchProgress progress) implements BatchSource {
    @Override
    public int batchesPerEpoch() {
        return batches.batchesPerEpoch();
    }

    @Override
    public BatchIterator epoch(int epoch, int skipBatches) {
        BatchIterator all = batches.epoch(epoch, skipBatches);
        return new BatchIterator() {
            private int used;

            @Override
            public boolean hasNext() {
                if (used > 0) progress.add(used);
                used = 0;
                return all.hasNext();
            }

            @Override
            public Batch next() {
                Batch batch = all.next();
                used = batch.size();
                return batch;
            }

            @Override
            public void release(Batch batch) {
                all.release(batch);
            }

            @Override
            public void close() {
                all.close();
            }
        };
    }

    @Override
    public String name(int index) {
        return batches.name(index);
    }
}
