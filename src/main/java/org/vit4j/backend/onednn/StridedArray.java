package org.vit4j.backend.onednn;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.IntStream;
import org.vit4j.backend.Alignment;

/** A strided view of a buffer. Slicing, permuting and most reshaping return another view without copying. */
final class StridedArray {
    /** Bytes after which addresses fall into the same set of a cache of level 1. */
    private static final long CACHE_PERIOD = 4096;
    /** Elements, so that rows of floats begin at cache lines. */
    static final int ROW_ALIGNMENT = 16;

    private final PlannedBuffer buffer;
    private final long offset;
    private final long[] dims;
    private final long[] strides;
    private final boolean alignedRows;

    StridedArray(PlannedBuffer buffer, long offset, long[] dims, long[] strides) {
        this(buffer, offset, dims, strides, false);
    }

    private StridedArray(PlannedBuffer buffer, long offset, long[] dims, long[] strides, boolean alignedRows) {
        this.buffer = buffer;
        this.offset = offset;
        this.dims = dims;
        this.strides = strides;
        this.alignedRows = alignedRows;
    }

    /** A new row-major array of floats in temporary memory, which the arena places later. */
    static StridedArray temporary(long... dims) {
        return temporary(ElementType.F32, dims);
    }

    /** A new row-major array in temporary memory, which the arena places later. */
    static StridedArray temporary(ElementType type, long... dims) {
        return of(PlannedBuffer.temporary(type, product(dims)), 0, dims);
    }

    /**
     * A new row-major array in temporary memory whose rows begin at multiples of {@link #ROW_ALIGNMENT} elements. What lies
     * between them is undefined.
     */
    static StridedArray alignedRows(ElementType type, long... dims) {
        long[] wide = dims.clone();
        int columns = dims.length - 1;
        wide[columns] = aligned(dims[columns]);
        StridedArray all = temporary(type, wide);
        return new StridedArray(all.buffer, 0, dims, all.strides, true);
    }

    /** Elements from one aligned row to the next. */
    static long aligned(long columns) {
        return Alignment.roundUp(columns, ROW_ALIGNMENT);
    }

    /** A new row-major array of floats that no step writes. */
    static StridedArray input(long... dims) {
        return of(PlannedBuffer.input(product(dims)), 0, dims);
    }

    /** A row-major array at an offset of a buffer. */
    static StridedArray of(PlannedBuffer buffer, long offset, long... dims) {
        return new StridedArray(buffer, offset, dims, rowMajorStrides(dims));
    }

    /** A new array of the same type, sizes and axis order in memory, without gaps except between aligned rows. */
    StridedArray like() {
        return like(type());
    }

    /** A new array of the same sizes and axis order in memory, without gaps except between aligned rows. */
    StridedArray like(ElementType type) {
        if (hasAlignedRows()) return alignedRows(type, dims);
        int[] order = axisOrder();
        long[] newStrides = new long[dims.length];
        long stride = 1;
        for (int i = dims.length - 1; i >= 0; i--) {
            newStrides[order[i]] = stride;
            stride *= dims[order[i]];
        }
        return new StridedArray(PlannedBuffer.temporary(type, size()), 0, dims, newStrides);
    }

    /** Axes from the outermost to the innermost in memory. */
    private int[] axisOrder() {
        return IntStream.range(0, dims.length)
                .boxed()
                .sorted(Comparator.<Integer>comparingLong(axis -> -strides[axis])
                        .thenComparingInt(axis -> axis))
                .mapToInt(Integer::intValue)
                .toArray();
    }

    static long product(long... dims) {
        long product = 1;
        for (long dim : dims) product *= dim;
        return product;
    }

    private static long[] rowMajorStrides(long[] dims) {
        long[] strides = new long[dims.length];
        long stride = 1;
        for (int i = dims.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= dims[i];
        }
        return strides;
    }

    PlannedBuffer buffer() {
        return buffer;
    }

    /** Number of elements of the buffer before the first one. */
    long offset() {
        return offset;
    }

    ElementType type() {
        return buffer.type();
    }

    int rank() {
        return dims.length;
    }

    long dim(int axis) {
        return dims[axis];
    }

    long last() {
        return dims[dims.length - 1];
    }

    long[] dims() {
        return dims.clone();
    }

    long stride(int axis) {
        return strides[axis];
    }

    long size() {
        return product(dims);
    }

    /** Returns true if the array is row-major without gaps. */
    boolean isDense() {
        long stride = 1;
        for (int i = dims.length - 1; i >= 0; i--) {
            if (dims[i] != 1 && strides[i] != stride) return false;
            stride *= dims[i];
        }
        return true;
    }

    /** Returns true if the array has no gaps; its axes may be in any order. */
    boolean isCompact() {
        long stride = 1;
        int[] order = axisOrder();
        for (int i = dims.length - 1; i >= 0; i--) {
            if (dims[order[i]] != 1 && strides[order[i]] != stride) return false;
            stride *= dims[order[i]];
        }
        return true;
    }

    /** Returns true if it was created by {@link #alignedRows}, so that no other array has the gaps between its rows. */
    boolean hasAlignedRows() {
        return alignedRows;
    }

    /** Returns true if it has all elements of its buffer. */
    boolean fillsBuffer() {
        return size() * type().bytes() == buffer.block().length();
    }

    /**
     * Returns true if rows or columns are contiguous, as fast matrix products require of an operand. A single row with a stride
     * between its elements is not: oneDNN reads it as if it had none.
     */
    boolean hasUnitStride() {
        int n = dims.length - 1;
        return strides[n] == 1 || dims[n] == 1 || (strides[n - 1] == 1 && dims[n - 1] > 1);
    }

    /** Returns true if sizes and strides are equal; strides of axes of size 1 do not matter. */
    boolean hasLayoutOf(StridedArray other) {
        if (!Arrays.equals(dims, other.dims)) return false;
        for (int i = 0; i < dims.length; i++) if (dims[i] != 1 && strides[i] != other.strides[i]) return false;
        return true;
    }

    /** A view of another buffer with equal dimensions and strides. */
    StridedArray in(PlannedBuffer other) {
        return new StridedArray(other, offset, dims, strides);
    }

    StridedArray slice(int axis, long from, long to) {
        long[] sizes = dims.clone();
        sizes[axis] = to - from;
        return new StridedArray(buffer, offset + from * strides[axis], sizes, strides);
    }

    /** A slice, or the array itself if it has size 1 along the axis and is broadcast. */
    StridedArray part(int axis, long from, long to) {
        return dims[axis] == 1 ? this : slice(axis, from, to);
    }

    StridedArray permute(int... axes) {
        return new StridedArray(
                buffer,
                offset,
                Arrays.stream(axes).mapToLong(axis -> dims[axis]).toArray(),
                Arrays.stream(axes).mapToLong(axis -> strides[axis]).toArray());
    }

    StridedArray swap(int a, int b) {
        int[] axes = IntStream.range(0, dims.length).toArray();
        axes[a] = b;
        axes[b] = a;
        return permute(axes);
    }

    /** View of the same elements in another shape; empty if no strides express it. */
    Optional<StridedArray> reshape(long... to) {
        if (product(to) != size()) {
            throw new IllegalArgumentException(Arrays.toString(dims) + " cannot be reshaped to " + Arrays.toString(to));
        }
        long[] newStrides = new long[to.length];
        int[] axes = IntStream.range(0, dims.length).filter(i -> dims[i] != 1).toArray();
        int i = axes.length - 1;
        int j = to.length - 1;
        while (i >= 0) {
            // Match a group of old axes with a group of new axes of the same total size.
            long oldSize = dims[axes[i]];
            int first = i;
            long newSize = 1;
            long stride = strides[axes[i]];
            while (j >= 0 && (newSize < oldSize || to[j] == 1)) {
                newStrides[j] = stride * newSize;
                newSize *= to[j];
                j--;
                while (newSize > oldSize) {
                    first--;
                    if (first < 0 || strides[axes[first]] != strides[axes[first + 1]] * dims[axes[first + 1]])
                        return Optional.empty();
                    oldSize *= dims[axes[first]];
                }
            }
            if (newSize != oldSize) return Optional.empty();
            i = first - 1;
        }
        for (; j >= 0; j--) newStrides[j] = j + 1 < to.length ? newStrides[j + 1] * to[j + 1] : 1;
        return Optional.of(new StridedArray(buffer, offset, to, newStrides));
    }

    /** View of [.., C] as rows [N, C]; empty if no strides express it. */
    Optional<StridedArray> rows() {
        return reshape(size() / last(), last());
    }

    /** All elements of a compact array in memory order, as [N, C] with C the size of the last axis. */
    StridedArray flat() {
        long width = last();
        return of(buffer, offset, size() / width, width);
    }

    long address() {
        return buffer.address() + offset * type().bytes();
    }

    /** oneDNN's descriptor of type, sizes and strides. */
    MemoryLayout layout() {
        return MemoryLayout.strided(type(), dims, strides);
    }

    /**
     * This array with the strides of axes of size 1 normalized: oneDNN's matrix product detects contiguous rows or columns by them,
     * and oneDNN 3.8 gave wrong results where the stride of a batch axis was less than the size of a matrix.
     */
    StridedArray forMatmul() {
        long[] normalized = strides.clone();
        int row = dims.length - 2;
        boolean columns = dims[row] == 1 && dims[row + 1] > 1 && strides[row + 1] > 1;
        long extent = 1;
        for (int i = dims.length - 1; i >= 0; i--) {
            if (dims[i] == 1) normalized[i] = i == row && columns ? 1 : extent;
            extent = Math.max(extent, normalized[i] * dims[i]);
        }
        return new StridedArray(buffer, offset, dims, normalized);
    }

    /**
     * Returns true if oneDNN 3.8 would compute wrong offsets of the matrices of this array on AVX-512: it takes the
     * batch axes for one axis if the largest of their strides is {@code batch} times the smallest, as it happens in
     * heads [B, H, T, d] of a fused projection where T equals B (fixed by uxlfoundation/oneDNN#5556).
     *
     * @param batch number of matrices of the product
     */
    boolean hasMisjudgedBatch(long batch) {
        int axes = dims.length - 2;
        if (axes < 2 || outermost() / innermost() != batch) return false;
        long stride = strides[axes - 1];
        for (int i = axes - 1; i >= 0; i--) {
            if (dims[i] > 1 && strides[i] != stride) return true;
            stride *= dims[i];
        }
        return false;
    }

    /**
     * Returns true if the elements of a column of a matrix of floats fall into few sets of a cache, so that oneDNN's products
     * with the matrix as the right operand take two to three times as long on AVX-512. It avoids that itself for strides that are
     * powers of 2.
     */
    boolean rowsCompeteForCache() {
        return rank() == 2
                && type() == ElementType.F32
                && strides[1] == 1
                && strides[0] * Float.BYTES % CACHE_PERIOD == 0
                && Long.bitCount(strides[0]) > 1;
    }

    private long outermost() {
        return Arrays.stream(strides, 0, dims.length - 2).max().orElseThrow();
    }

    private long innermost() {
        return Math.max(1, Arrays.stream(strides, 0, dims.length - 2).min().orElseThrow());
    }

    Primitive.PrimitiveArgument argument(int role) {
        return argument(role, layout());
    }

    /** @param layout of the elements from the first one on */
    Primitive.PrimitiveArgument argument(int role, MemoryLayout layout) {
        return new Primitive.PrimitiveArgument(role, layout, address(), buffer.isInput() ? buffer : null);
    }

    @Override
    public String toString() {
        return (type() == ElementType.F32 ? "" : type()) + Arrays.toString(dims) + Arrays.toString(strides);
    }
}
