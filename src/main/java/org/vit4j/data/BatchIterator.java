package org.vit4j.data;

import java.util.Iterator;

/** The batches of one epoch. Must be closed if it is abandoned before the end. */
public interface BatchIterator extends Iterator<Batch>, AutoCloseable {
    /**
     * Gives the images of a batch back for reuse by a later batch. Optional; the caller must not use the array afterward.
     *
     * @param batch a result of {@link #next}
     */
    default void release(Batch batch) {}

    @Override
    void close();
}
