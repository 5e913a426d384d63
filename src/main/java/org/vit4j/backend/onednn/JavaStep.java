package org.vit4j.backend.onednn;

import java.util.stream.LongStream;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.indexer.FloatIndexer;

/** A step in Java, for what no primitive does. */
final class JavaStep extends KernelStep {
    /** The work; {@code at} holds the arrays of the step in their order. */
    interface JavaKernel {
        void run(FloatIndexer[] at);
    }

    private final StridedArray[] arrays;
    private final JavaKernel work;
    private FloatIndexer[] at;

    /** @param arrays all of them dense */
    JavaStep(String kind, JavaKernel work, StridedArray... arrays) {
        super(kind, arrays);
        this.arrays = arrays;
        this.work = work;
        for (StridedArray array : arrays) if (!array.isDense()) throw new IllegalArgumentException(kind + ": " + array);
    }

    @Override
    void bind() {
        at = new FloatIndexer[arrays.length];
        for (int i = 0; i < at.length; i++) {
            FloatPointer floats = new FloatPointer(new Kernels.CopyStep(arrays[i].address()));
            at[i] = FloatIndexer.create(floats.capacity(arrays[i].size()));
        }
    }

    @Override
    void run() {
        work.run(at);
    }

    /** What is done for one index must not depend on what is done for another. */
    interface IndexedTask {
        void at(long index);
    }

    /** On all cores. */
    static void each(long count, IndexedTask work) {
        LongStream.range(0, count).parallel().forEach(work::at);
    }
}
