package org.vit4j.backend.onednn;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.IntStream;
import org.bytedeco.dnnl.dnnl_memory_desc_t;

/** A strided view of a buffer. Slicing, permuting and most reshaping make another view and move nothing. */
final class StridedArray {
    private final PlannedBuffer buffer;
    private final long offset;
    private final long[] dims;
    private final long[] strides;

    StridedArray(PlannedBuffer buffer, long offset, long[] dims, long[] strides) {
        this.buffer = buffer;
        this.offset = offset;
        this.dims = dims;
        this.strides = strides;
    }

    /** A new array, row by row, in memory that the arena will give. */
    static StridedArray fresh(long... dims) {
        return of(PlannedBuffer.temporary(product(dims)), 0, dims);
    }

    /** Row by row from an offset of a buffer. */
    static StridedArray of(PlannedBuffer buffer, long offset, long... dims) {
        return new StridedArray(buffer, offset, dims, rowByRow(dims));
    }

    /** A new array of the same sizes whose axes lie in memory in the same order, without gaps. */
    StridedArray like() {
        int[] order = order();
        long[] made = new long[dims.length];
        long stride = 1;
        for (int i = dims.length - 1; i >= 0; i--) {
            made[order[i]] = stride;
            stride *= dims[order[i]];
        }
        return new StridedArray(PlannedBuffer.temporary(size()), 0, dims, made);
    }

    /** Axes from the outermost to the innermost. */
    private int[] order() {
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

    private static long[] rowByRow(long[] dims) {
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

    /** Row by row without gaps. */
    boolean isDense() {
        long stride = 1;
        for (int i = dims.length - 1; i >= 0; i--) {
            if (dims[i] != 1 && strides[i] != stride) return false;
            stride *= dims[i];
        }
        return true;
    }

    /** Without gaps, the axes in whatever order. */
    boolean isCompact() {
        long stride = 1;
        int[] order = order();
        for (int i = dims.length - 1; i >= 0; i--) {
            if (dims[order[i]] != 1 && strides[order[i]] != stride) return false;
            stride *= dims[order[i]];
        }
        return true;
    }

    /** Whether its rows or its columns lie without gaps: what a fast matrix product asks of an operand. */
    boolean hasRows() {
        int n = dims.length - 1;
        return strides[n] == 1 || strides[n - 1] == 1 || dims[n] == 1 || dims[n - 1] == 1;
    }

    /** Whether element (i, j, ..) lies at the same distance from the first one in both. */
    boolean isLaidOutAs(StridedArray other) {
        if (!Arrays.equals(dims, other.dims)) return false;
        for (int i = 0; i < dims.length; i++) if (dims[i] != 1 && strides[i] != other.strides[i]) return false;
        return true;
    }

    StridedArray slice(int axis, long from, long to) {
        long[] cut = dims.clone();
        cut[axis] = to - from;
        return new StridedArray(buffer, offset + from * strides[axis], cut, strides);
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

    /** The same elements in another shape, where strides can say so. */
    Optional<StridedArray> reshape(long... to) {
        if (product(to) != size()) {
            throw new IllegalArgumentException(Arrays.toString(dims) + " cannot become " + Arrays.toString(to));
        }
        long[] made = new long[to.length];
        int[] axes = IntStream.range(0, dims.length).filter(i -> dims[i] != 1).toArray();
        int i = axes.length - 1;
        int j = to.length - 1;
        while (i >= 0) {
            // A group of old axes against a group of new ones of the same product.
            long olds = dims[axes[i]];
            int low = i;
            long news = 1;
            long stride = strides[axes[i]];
            while (j >= 0 && (news < olds || to[j] == 1)) {
                made[j] = stride * news;
                news *= to[j];
                j--;
                while (news > olds) {
                    low--;
                    if (low < 0 || strides[axes[low]] != strides[axes[low + 1]] * dims[axes[low + 1]])
                        return Optional.empty();
                    olds *= dims[axes[low]];
                }
            }
            if (news != olds) return Optional.empty();
            i = low - 1;
        }
        for (; j >= 0; j--) made[j] = j + 1 < to.length ? made[j + 1] * to[j + 1] : 1;
        return Optional.of(new StridedArray(buffer, offset, to, made));
    }

    /** [.., C] as rows [N, C], where strides can say so. */
    Optional<StridedArray> rows() {
        return reshape(size() / last(), last());
    }

    /** All elements in the order of memory, as [N, C] of any C; only of a compact array. */
    StridedArray flat() {
        long width = last();
        return of(buffer, offset, size() / width, width);
    }

    long address() {
        return buffer.address() + offset * Float.BYTES;
    }

    dnnl_memory_desc_t layout() {
        return Dnnl.memory(dims, strides);
    }

    /** For a matrix product, which recognizes rows that lie one after the other by strides an axis of one may not have. */
    StridedArray matrix() {
        long[] tidy = strides.clone();
        for (int i = dims.length - 1; i >= 0; i--) {
            if (dims[i] == 1) tidy[i] = i + 1 < dims.length ? tidy[i + 1] * dims[i + 1] : 1;
        }
        return new StridedArray(buffer, offset, dims, tidy);
    }

    Primitive.PrimitiveArgument as(int role) {
        return new Primitive.PrimitiveArgument(role, layout(), address());
    }

    @Override
    public String toString() {
        return Arrays.toString(dims) + Arrays.toString(strides);
    }
}
