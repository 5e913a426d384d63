package org.vit4j.backend.onednn;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_FROM;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_TO;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;

/**
 * Thread-safe cache of constant weights reordered to the layouts that primitives prefer. Each is reordered once and shared by the
 * plans of all batch sizes.
 */
final class PackedWeights implements AutoCloseable {
    private record PackedKernel(MemoryLayout from, MemoryLayout to, long norm, long address) {
        void close() {
            from.releaseReference();
            to.releaseReference();
        }
    }

    private record NormedBias(long bias, long norm) {}

    private final Map<Long, List<PackedKernel>> kernels = new HashMap<>();
    private final Map<NormedBias, FloatPointer> biases = new HashMap<>();
    private final WeightMemory memory = new WeightMemory();

    /**
     * The address of the weights {@code from} in layout {@code to}; reorders them at the first call.
     *
     * @param norm batch norm to fold into the weights; null if there is none
     */
    synchronized long address(StridedArray from, MemoryLayout to, FoldedNorm norm) {
        long normKey = norm == null ? 0 : norm.key();
        MemoryLayout layout = from.layout();
        List<PackedKernel> packed = kernels.computeIfAbsent(from.address(), any -> new ArrayList<>());
        for (PackedKernel kernel : packed) {
            if (kernel.from.isEqualTo(layout) && kernel.to.isEqualTo(to) && kernel.norm == normKey)
                return kernel.address;
        }
        long address = memory.allocate(to.bytes());
        packed.add(new PackedKernel(layout.retainReference(), to.retainReference(), normKey, address));
        try (FloatPointer scaled = norm == null ? null : norm.scaled(from)) {
            reorder(layout, scaled == null ? from.address() : scaled.address(), to, address);
        }
        return address;
    }

    private static void reorder(MemoryLayout layout, long from, MemoryLayout to, long address) {
        try (Primitive reorder = new Primitive(
                Reorder.createPrimitiveDesc(layout, to, false),
                List.of(
                        new Primitive.PrimitiveArgument(DNNL_ARG_FROM, layout, from),
                        new Primitive.PrimitiveArgument(DNNL_ARG_TO, to, address)))) {
            try (BytePointer scratch = new BytePointer(reorder.scratchBytes() + WeightMemory.LINE)) {
                reorder.setScratch(WeightMemory.aligned(scratch.address()));
                reorder.run();
            }
        }
    }

    /** The address of a bias with a folded batch norm, [C]; {@code bias} is null if the layer has none. */
    synchronized long bias(StridedArray bias, FoldedNorm norm) {
        var key = new NormedBias(bias == null ? 0 : bias.address(), norm.key());
        return biases.computeIfAbsent(key, any -> new FloatPointer(norm.bias(bias)))
                .address();
    }

    @Override
    public synchronized void close() {
        kernels.values().forEach(packed -> packed.forEach(PackedKernel::close));
        kernels.clear();
        memory.close();
        biases.values().forEach(FloatPointer::close);
        biases.clear();
    }
}
