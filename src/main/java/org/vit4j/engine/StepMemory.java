package org.vit4j.engine;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import org.nd4j.autodiff.samediff.internal.memory.AbstractMemoryMgr;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.BaseNDArray;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.LongShapeDescriptor;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Arrays that are made in the first step and used again in every later one.
 *
 * <p>ND4J's own cache flips the order flag of arrays without their strides when an op reports an 'f' shape, which gives
 * wrong numbers silently, and never gets back a fifth of the arrays of a gradient step. Here every array is 'c', and
 * {@link #endStep} takes back whatever was handed out.
 */
final class StepMemory extends AbstractMemoryMgr {
    private final Map<String, Deque<INDArray>> free = new HashMap<>();
    private final IdentityHashMap<INDArray, String> used = new IdentityHashMap<>();

    @Override
    public INDArray allocate(boolean detached, DataType type, long... shape) {
        String key = type + Arrays.toString(shape);
        Deque<INDArray> kept = free.get(key);
        INDArray array = kept == null ? null : kept.pollLast();
        if (array == null) array = Nd4j.createUninitializedDetached(type, shape);
        // A fresh id: the session tells arrays apart by it and would take a second use for a double release.
        else ((BaseNDArray) array).assignNewId();
        used.put(array, key);
        return array;
    }

    @Override
    public INDArray allocate(boolean detached, LongShapeDescriptor shape) {
        return shape.isEmpty() ? Nd4j.create(shape) : allocate(detached, shape.dataType(), shape.getShape());
    }

    @Override
    public void release(INDArray array) {
        String key = used.remove(array);
        if (key != null) free.computeIfAbsent(key, any -> new ArrayDeque<>()).add(array);
    }

    long bytes() {
        return java.util.stream.Stream.concat(free.values().stream().flatMap(Deque::stream), used.keySet().stream())
                .mapToLong(array -> array.length() * array.dataType().width())
                .sum();
    }

    void endStep() {
        used.forEach((array, key) ->
                free.computeIfAbsent(key, any -> new ArrayDeque<>()).add(array));
        used.clear();
    }

    @Override
    public void close() {
        endStep();
        free.values()
                .forEach(kept -> kept.forEach(array -> {
                    if (array.closeable()) array.close();
                }));
        free.clear();
    }
}
