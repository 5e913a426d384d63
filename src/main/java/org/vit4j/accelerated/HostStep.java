package org.vit4j.accelerated;

import java.util.stream.LongStream;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.indexer.FloatIndexer;

/** A step in Java, for what no primitive does. */
final class HostStep extends Step {
    /** The work; {@code at} holds the arrays of the step in their order. */
    interface Work {
        void run(FloatIndexer[] at);
    }

    private final Array[] arrays;
    private final Work work;
    private FloatIndexer[] at;

    /** @param arrays all of them dense */
    HostStep(String kind, Work work, Array... arrays) {
        super(kind, arrays);
        this.arrays = arrays;
        this.work = work;
        for (Array array : arrays) if (!array.isDense()) throw new IllegalArgumentException(kind + ": " + array);
    }

    @Override
    void bind() {
        at = new FloatIndexer[arrays.length];
        for (int i = 0; i < at.length; i++) {
            FloatPointer floats = new FloatPointer(new Kernels.Memory(arrays[i].address()));
            at[i] = FloatIndexer.create(floats.capacity(arrays[i].size()));
        }
    }

    @Override
    void run() {
        work.run(at);
    }

    /** What is done for one index must not depend on what is done for another. */
    interface Each {
        void at(long index);
    }

    /** On all cores. */
    static void each(long count, Each work) {
        LongStream.range(0, count).parallel().forEach(work::at);
    }
}
