package org.vit4j.backend.onednn;

import java.util.IdentityHashMap;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;

/** Memory of strided arrays as a Java array, and kernels on it, so that tests run without native libraries. */
final class JavaMemory implements TapeKernels {
    private static final long BASE = 4096;

    private final IdentityHashMap<PlannedBuffer, Boolean> placed = new IdentityHashMap<>();
    private float[] floats = new float[1 << 16];
    private long used;

    /** A step that runs an action on this memory. */
    KernelStep step(String kind, Runnable action, StridedArray... arrays) {
        return new KernelStep(kind, arrays) {
            @Override
            void bind() {}

            @Override
            void run() {
                action.run();
            }
        };
    }

    /** Memory outside of a plan, such as that of a parameter. */
    PlannedBuffer external(long size) {
        PlannedBuffer buffer = PlannedBuffer.external(size, BASE + used * Float.BYTES);
        placed.put(buffer, true);
        used += size;
        return buffer;
    }

    private int index(StridedArray array, long element) {
        if (placed.put(array.buffer(), true) == null) {
            array.buffer().assign(BASE + used * Float.BYTES);
            used += array.buffer().block().length() / Float.BYTES;
        }
        long index = (array.address() - BASE) / Float.BYTES;
        long rest = element;
        for (int axis = array.rank() - 1; axis >= 0; axis--) {
            index += rest % array.dim(axis) * array.stride(axis);
            rest /= array.dim(axis);
        }
        return Math.toIntExact(index);
    }

    /** Element number {@code i} of an array in row-major order of its axes. */
    float get(StridedArray array, long i) {
        return floats[index(array, i)];
    }

    void set(StridedArray array, long i, float value) {
        floats[index(array, i)] = value;
    }

    float[] values(StridedArray array) {
        float[] values = new float[Math.toIntExact(array.size())];
        for (int i = 0; i < values.length; i++) values[i] = get(array, i);
        return values;
    }

    void set(StridedArray array, float... values) {
        for (int i = 0; i < values.length; i++) set(array, i, values[i]);
    }

    /** Fills an array with 0, 1, 2, ... */
    StridedArray range(StridedArray array) {
        each(array, i -> set(array, i, (float) i));
        return array;
    }

    static void each(StridedArray array, LongConsumer action) {
        IntStream.range(0, Math.toIntExact(array.size())).forEach(action::accept);
    }

    @Override
    public KernelStep copy(StridedArray from, StridedArray to, boolean add) {
        return step(
                add ? "accumulate" : "copy",
                () -> each(to, i -> set(to, i, get(from, i) + (add ? get(to, i) : 0))),
                from,
                to);
    }

    @Override
    public KernelStep zero(StridedArray dense) {
        return step("zero", () -> each(dense, i -> set(dense, i, 0)), dense);
    }

    @Override
    public KernelStep add(StridedArray a, StridedArray b, StridedArray sum) {
        return step("add", () -> each(sum, i -> set(sum, i, get(a, i) + get(b, i))), a, b, sum);
    }

    /** y = factor * x, plus {@code addend} unless it is null. */
    KernelStep scale(StridedArray x, float factor, StridedArray addend, StridedArray y) {
        return step(
                "scale",
                () -> each(y, i -> set(y, i, factor * get(x, i) + (addend == null ? 0 : get(addend, i)))),
                x,
                y);
    }
}
