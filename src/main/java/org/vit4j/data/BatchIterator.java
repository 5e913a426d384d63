package org.vit4j.data;

import java.util.Iterator;

/** The batches of one epoch. Must be closed if it is abandoned before the end. */
public interface BatchIterator extends Iterator<Batch>, AutoCloseable {
    @Override
    void close();
}
