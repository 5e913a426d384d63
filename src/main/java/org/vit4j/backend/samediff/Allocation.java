package org.vit4j.backend.samediff;

import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Memory of a plan: part of an arena for some steps, or an array that is there anyway. */
final class Allocation {
    final DataType type;
    final long length;
    private INDArray given;
    private int first = Integer.MAX_VALUE;
    private int last = -1;
    private INDArray arena;
    private long offset;

    private Allocation(DataType type, long length, INDArray given) {
        this.type = type;
        this.length = length;
        this.given = given;
    }

    static Allocation inArena(DataType type, long length) {
        return new Allocation(type, length, null);
    }

    static Allocation of(INDArray array) {
        return new Allocation(array.dataType(), array.length(), array);
    }

    boolean isGiven() {
        return given != null;
    }

    INDArray given() {
        return given;
    }

    /** Takes an array instead of a part of the arena. */
    void assign(INDArray array) {
        given = array;
    }

    /** The value is there, or wanted, in this step. */
    void use(int step) {
        first = Math.min(first, step);
        last = Math.max(last, step);
    }

    boolean isUsed() {
        return last >= 0;
    }

    boolean overlaps(Allocation other) {
        return first <= other.last && other.first <= last;
    }

    long offset() {
        return offset;
    }

    void put(long at) {
        offset = at;
    }

    /** @param shift added to every offset */
    void in(INDArray flat, long shift) {
        arena = flat;
        offset += shift;
    }

    /** Part of this memory as a dense array; null when what was given cannot be seen that way. */
    INDArray view(long from, long... shape) {
        if (length == 0) return Nd4j.create(type, shape);
        if (given == null) return part(arena, offset + from, shape);
        if (Arrays.equals(shape, given.shape())) return given;
        // In ND4J the offset of a view counts from the beginning of the memory, also in a view of a view.
        return isDense(given) ? part(given, given.offset() + from, shape) : null;
    }

    private static INDArray part(INDArray of, long from, long... shape) {
        DataBuffer buffer = Nd4j.createBuffer(of.data(), from, PlannedValue.length(shape));
        // A step of one from element to element, as in a fresh array: ops choose their loops by it.
        return Nd4j.create(buffer, shape, Nd4j.getStrides(shape, 'c'), 0, 1, 'c');
    }

    private static boolean isDense(INDArray array) {
        return array.ordering() == 'c' && Arrays.equals(array.stride(), Nd4j.getStrides(array.shape(), 'c'));
    }

    /** Whether an array can hold what was to lie here. */
    boolean accepts(INDArray array) {
        return array.dataType() == type && array.length() == length && isDense(array);
    }
}
