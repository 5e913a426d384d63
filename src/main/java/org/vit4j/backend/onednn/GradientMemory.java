package org.vit4j.backend.onednn;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.MemoryBlock;
import org.vit4j.backend.ParameterStore;

/**
 * The flat array of the gradients of trainable parameters. A plan uses the memory of each gradient for other arrays, such as
 * activations, until the step that writes the gradient.
 */
final class GradientMemory {
    /** Bytes of a page. */
    static final long PAGE = 4096;

    /** Memory of a plan without gradients. */
    static final GradientMemory NONE = new GradientMemory(PlannedBuffer.external(0, PAGE), Map.of());

    private final PlannedBuffer buffer;
    private final Map<String, StridedArray> arrays;
    private final NavigableMap<Long, MemoryBlock> blocks = new TreeMap<>(); // by the first element

    private GradientMemory(PlannedBuffer buffer, Map<String, StridedArray> arrays) {
        this.buffer = buffer;
        this.arrays = arrays;
        for (StridedArray array : arrays.values()) {
            long from = array.address() - origin();
            blocks.put(array.offset(), MemoryBlock.at(from, array.size() * Float.BYTES));
        }
    }

    /** @param flat laid out like {@link ParameterStore#trainable} */
    static GradientMemory of(ParameterStore parameters, INDArray flat) {
        PlannedBuffer buffer = PlannedBuffer.external(flat.length(), flat.data().address());
        Map<String, StridedArray> arrays = new HashMap<>();
        parameters.offsets().forEach((name, from) -> {
            long[] dims = ParameterArrays.dims(parameters.parameter(name).shape());
            arrays.put(name, StridedArray.of(buffer, from, dims));
        });
        return new GradientMemory(buffer, arrays);
    }

    /** Destinations of the gradients by parameter. */
    Map<String, TapeValue.GradientTarget> targets() {
        Map<String, TapeValue.GradientTarget> targets = new HashMap<>();
        arrays.forEach((name, array) -> targets.put(name, new TapeValue.GradientTarget(array)));
        return targets;
    }

    /** Extends the lifetime of the gradient that an array is a view of; ignores arrays in other memory. */
    void extendLifetime(StridedArray array, int step) {
        if (array.buffer() == buffer)
            blocks.floorEntry(array.offset()).getValue().extendLifetime(step);
    }

    /** Reserves the gradients until the end of a run, for their readers. */
    void keepUntil(int step) {
        blocks.values().forEach(block -> block.extendLifetime(step));
    }

    /** Address of the page that the array begins in. */
    long origin() {
        return buffer.address() / PAGE * PAGE;
    }

    /** Bytes from {@link #origin} to the last complete page. */
    long length() {
        return (buffer.address() + buffer.block().length() - origin()) / PAGE * PAGE;
    }

    /**
     * The parts of the memory that are not always free, by their distance from {@link #origin}: the gradients, the bytes before
     * the array, and an empty block at the end that no other block may extend across.
     */
    List<MemoryBlock> reserved() {
        List<MemoryBlock> reserved = new ArrayList<>(blocks.values());
        for (MemoryBlock always :
                List.of(MemoryBlock.at(0, buffer.address() - origin()), MemoryBlock.at(length(), 0))) {
            always.extendLifetime(0);
            always.extendLifetime(Integer.MAX_VALUE);
            reserved.add(always);
        }
        return reserved;
    }
}
