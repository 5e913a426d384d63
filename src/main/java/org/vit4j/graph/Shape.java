package org.vit4j.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** Sizes of the axes of a tensor, without the batch axis. */
public record Shape(List<Integer> dims) {
    public Shape {
        dims = List.copyOf(dims);
        for (int dim : dims) {
            if (dim < 1)
                throw new IllegalArgumentException(
                        "shape " + text(dims) + ": every axis must have at least one element");
        }
    }

    public static Shape of(int... dims) {
        return new Shape(Arrays.stream(dims).boxed().toList());
    }

    public int rank() {
        return dims.size();
    }

    public int dim(int axis) {
        return dims.get(axis);
    }

    /** Size of the last axis: width of tokens, channels of an image. */
    public int last() {
        return dims.get(dims.size() - 1);
    }

    /** Number of elements, for one example. */
    public long size() {
        return dims.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
    }

    public Shape with(int axis, int size) {
        List<Integer> changed = new ArrayList<>(dims);
        changed.set(axis, size);
        return new Shape(changed);
    }

    public Shape without(int axis) {
        List<Integer> remaining = new ArrayList<>(dims);
        remaining.remove(axis);
        return new Shape(remaining);
    }

    /** Returns the trailing axes, starting with {@code axis}. */
    public Shape from(int axis) {
        return new Shape(dims.subList(axis, dims.size()));
    }

    public int[] toArray() {
        return dims.stream().mapToInt(Integer::intValue).toArray();
    }

    /** Returns an ND4J shape with the batch axis first. */
    public long[] batched(long batch) {
        long[] shape = new long[dims.size() + 1];
        shape[0] = batch;
        for (int i = 0; i < dims.size(); i++) shape[i + 1] = dims.get(i);
        return shape;
    }

    private static String text(List<Integer> dims) {
        return dims.stream().map(String::valueOf).collect(Collectors.joining(", ", "[", "]"));
    }

    @Override
    public String toString() {
        return text(dims);
    }
}
