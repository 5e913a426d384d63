package org.vit4j.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** The sizes of a tensor's axes, the batch axis left out. */
public record Shape(List<Integer> dims) {
    public Shape {
        dims = List.copyOf(dims);
        for (int dim : dims) {
            if (dim < 1)
                throw new IllegalArgumentException("every axis must have at least one element, got " + text(dims));
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

    /** The last axis: width of tokens, channels of an image. */
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
        List<Integer> fewer = new ArrayList<>(dims);
        fewer.remove(axis);
        return new Shape(fewer);
    }

    /** The trailing axes from {@code axis} on. */
    public Shape from(int axis) {
        return new Shape(dims.subList(axis, dims.size()));
    }

    public int[] toArray() {
        return dims.stream().mapToInt(Integer::intValue).toArray();
    }

    /** With the batch axis in front, as ND4J wants it. */
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
