package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_FROM;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_TO;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_equal;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_get_size;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.dnnl.dnnl_memory_desc_t;
import org.bytedeco.javacpp.FloatPointer;

/**
 * Kernels of a network whose weights stay as they are, in the layouts that primitives like: each brought there once, and
 * shared by the plans of all batch sizes.
 */
final class PackedWeights implements AutoCloseable {
    /** A cache line, in floats. */
    private static final int LINE = 16;

    private record PackedKernel(dnnl_memory_desc_t from, dnnl_memory_desc_t to, FloatPointer memory) {}

    private final Map<Long, List<PackedKernel>> kernels = new HashMap<>();

    /** Where the elements of {@code from} lie in the layout {@code to}. */
    long address(StridedArray from, dnnl_memory_desc_t to) {
        dnnl_memory_desc_t seen = from.layout();
        List<PackedKernel> made = kernels.computeIfAbsent(from.address(), any -> new ArrayList<>());
        for (PackedKernel kernel : made) {
            if (dnnl_memory_desc_equal(kernel.from, seen) == 1 && dnnl_memory_desc_equal(kernel.to, to) == 1) {
                return aligned(kernel.memory);
            }
        }
        FloatPointer memory = new FloatPointer(dnnl_memory_desc_get_size(to) / Float.BYTES + LINE);
        made.add(new PackedKernel(seen, to, memory));
        try (Primitive reorder = new Primitive(
                Reorder.describe(seen, to, false),
                List.of(from.as(DNNL_ARG_FROM), new Primitive.PrimitiveArgument(DNNL_ARG_TO, to, aligned(memory))))) {
            reorder.run();
        }
        return aligned(memory);
    }

    private static long aligned(FloatPointer memory) {
        long line = (long) LINE * Float.BYTES;
        return (memory.address() + line - 1) / line * line;
    }

    @Override
    public void close() {
        kernels.values().forEach(made -> made.forEach(kernel -> kernel.memory.close()));
        kernels.clear();
    }
}
