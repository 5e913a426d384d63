package org.vit4j.backend.onednn;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.FloatPointer;

/** Constants that the steps of a plan read, in native memory. */
final class TapeConstants {
    private final List<FloatPointer> memory = new ArrayList<>();
    private final Map<Long, StridedArray> ones = new HashMap<>();

    /** The memory of all constants, to be freed with the plan. */
    List<FloatPointer> memory() {
        return memory;
    }

    StridedArray of(float[] values, long... dims) {
        FloatPointer pointer = new FloatPointer(values);
        memory.add(pointer);
        return StridedArray.of(PlannedBuffer.external(values.length, pointer.address()), 0, dims);
    }

    /** A row of ones, [1, n]. */
    StridedArray ones(long n) {
        return ones.computeIfAbsent(n, any -> {
            float[] values = new float[Math.toIntExact(n)];
            Arrays.fill(values, 1);
            return of(values, 1, n);
        });
    }
}
