package org.vit4j.data;

/** Where training and evaluation get their batches from: {@link DataLoader}, or a DL4J iterator by {@link Dl4jData}. */
public interface BatchSource {

    int batchesPerEpoch();

    /**
     * The batches of an epoch.
     *
     * @param epoch from 0; another order and other chance in each
     * @param skipBatches leave out so many at the start, as when a run is resumed
     */
    BatchIterator epoch(int epoch, int skipBatches);

    /** How an image is named to people, by its index in {@link Batch#indices}. */
    default String name(int index) {
        return "image " + index;
    }
}
