package org.vit4j.data;

import java.util.Iterator;

/** The batches of one epoch; to be closed when left before the end. */
public interface BatchIterator extends Iterator<Batch>, AutoCloseable {
    @Override
    void close();
}
