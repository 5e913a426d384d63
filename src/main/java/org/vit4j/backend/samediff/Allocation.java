package org.vit4j.backend.samediff;

import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.MemoryBlock;

/** Memory of a planned value: a part of the arena for its lifetime, or an existing array outside of the arena. */
final class Allocation {
    final DataType type;
    final long length;
    private final MemoryBlock block;
    private INDArray external;
    private INDArray arena;
    private long shift;

    private Allocation(DataType type, long length, INDArray given) {
        this.type = type;
        this.length = length;
        this.block = new MemoryBlock(length);
        this.external = given;
    }

    static Allocation inArena(DataType type, long length) {
        return new Allocation(type, length, null);
    }

    static Allocation of(INDArray array) {
        return new Allocation(array.dataType(), array.length(), array);
    }

    boolean isExternal() {
        return external != null;
    }

    INDArray external() {
        return external;
    }

    /** Uses an existing array instead of a part of the arena. */
    void assign(INDArray array) {
        external = array;
    }

    /** The part of the arena, in elements; unused if the array is external. */
    MemoryBlock block() {
        return block;
    }

    /**
     * Sets the arena.
     *
     * @param elements added to the offset, for alignment
     */
    void setArena(INDArray flat, long elements) {
        arena = flat;
        shift = elements;
    }

    /** View of a part of this memory as a dense array; null if an external array does not allow it. */
    INDArray view(long from, long... shape) {
        if (length == 0) return Nd4j.create(type, shape);
        if (external == null) return slice(arena, block.offset() + shift + from, shape);
        if (Arrays.equals(shape, external.shape())) return external;
        // ND4J's offset of a view is relative to the memory, also for a view of a view.
        return isDense(external) ? slice(external, external.offset() + from, shape) : null;
    }

    private static INDArray slice(INDArray of, long from, long... shape) {
        DataBuffer buffer = Nd4j.createBuffer(of.data(), from, PlannedValue.length(shape));
        // Element-wise stride 1, as of a new array: ops choose their loops by it.
        return Nd4j.create(buffer, shape, Nd4j.getStrides(shape, 'c'), 0, 1, 'c');
    }

    private static boolean isDense(INDArray array) {
        return array.ordering() == 'c' && Arrays.equals(array.stride(), Nd4j.getStrides(array.shape(), 'c'));
    }

    /** Returns true if the array can be used for this allocation. */
    boolean accepts(INDArray array) {
        return array.dataType() == type && array.length() == length && isDense(array);
    }
}
