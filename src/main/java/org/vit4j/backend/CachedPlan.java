package org.vit4j.backend;

/** A static plan of a graph that owns the memory of its temporaries. */
public interface CachedPlan extends AutoCloseable {
    /** Bytes of memory of all temporaries. */
    long bytes();

    @Override
    void close();
}
