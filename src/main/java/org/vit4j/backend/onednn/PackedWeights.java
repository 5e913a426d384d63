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
 * Cache of constant weights reordered to the layouts that primitives prefer. Each is reordered once and shared by the
 * plans of all batch sizes.
 */
final class PackedWeights implements AutoCloseable {
    /** Size of a cache line in floats. */
    private static final int LINE = 16;

    private record PackedKernel(dnnl_memory_desc_t from, dnnl_memory_desc_t to, FloatPointer memory) {}

    private final Map<Long, List<PackedKernel>> kernels = new HashMap<>();

    /** The address of the weights {@code from} in layout {@code to}; reorders them at the first call. */
    long address(StridedArray from, dnnl_memory_desc_t to) {
        dnnl_memory_desc_t layout = from.layout();
        List<PackedKernel> packed = kernels.computeIfAbsent(from.address(), any -> new ArrayList<>());
        for (PackedKernel kernel : packed) {
            if (dnnl_memory_desc_equal(kernel.from, layout) == 1 && dnnl_memory_desc_equal(kernel.to, to) == 1) {
                return aligned(kernel.memory);
            }
        }
        FloatPointer memory = new FloatPointer(dnnl_memory_desc_get_size(to) / Float.BYTES + LINE);
        packed.add(new PackedKernel(layout, to, memory));
        try (Primitive reorder = new Primitive(
                Reorder.createPrimitiveDesc(layout, to, false),
                List.of(
                        from.argument(DNNL_ARG_FROM),
                        new Primitive.PrimitiveArgument(DNNL_ARG_TO, to, aligned(memory))))) {
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
        kernels.values().forEach(packed -> packed.forEach(kernel -> kernel.memory.close()));
        kernels.clear();
    }
}
