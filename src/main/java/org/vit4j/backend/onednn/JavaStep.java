package org.vit4j.backend.onednn;

import java.util.stream.LongStream;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.indexer.FloatIndexer;

/** A step implemented in Java, for operations without a oneDNN primitive. */
final class JavaStep extends KernelStep {
    /** The computation; its argument holds the arrays of the step in order. */
    interface JavaKernel {
        void run(FloatIndexer[] arrays);
    }

    private final StridedArray[] arrays;
    private final JavaKernel kernel;
    private FloatIndexer[] indexers;

    /** @param arrays floats, dense (row-major, without gaps) */
    JavaStep(String kind, JavaKernel work, StridedArray... arrays) {
        super(kind, arrays);
        this.arrays = arrays;
        this.kernel = work;
        for (StridedArray array : arrays)
            if (!array.isDense() || array.type() != ElementType.F32)
                throw new IllegalArgumentException(kind + ": expected dense floats, got " + array);
    }

    @Override
    void bind() {
        indexers = new FloatIndexer[arrays.length];
        for (int i = 0; i < indexers.length; i++) {
            FloatPointer floats = new FloatPointer(new Kernels.RawPointer(arrays[i].address()));
            indexers[i] = FloatIndexer.create(floats.capacity(arrays[i].size()));
        }
    }

    @Override
    void run() {
        kernel.run(indexers);
    }

    /** A task per index; tasks must be independent of each other. */
    interface IndexedTask {
        void run(long index);
    }

    /** Runs the task for indices 0 to count - 1 on all cores. */
    static void parallelFor(long count, IndexedTask work) {
        LongStream.range(0, count).parallel().forEach(work::run);
    }
}
