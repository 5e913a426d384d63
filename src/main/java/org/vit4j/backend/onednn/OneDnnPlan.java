package org.vit4j.backend.onednn;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.OpTime;
import org.vit4j.backend.samediff.SameDiffGraph;

/**
 * Everything a network does for one batch size: steps in order, on memory laid out beforehand. A run allocates nothing
 * and decides nothing.
 */
final class OneDnnPlan implements AutoCloseable {
    private final List<KernelStep> steps;
    private final int forward;
    private final Map<String, StridedArray> arrays;
    private final List<SameDiffGraph.BatchStatistics> statistics;
    private final List<FloatPointer> constants;
    private final BufferArena arena;
    private OpTime.OpTimes times;

    /**
     * @param forward how many of the steps come before the loss
     * @param inputs written before a run, and {@code seeds} between its halves
     * @param outputs to be read after a run
     */
    OneDnnPlan(
            Tape tape,
            int forward,
            Map<String, StridedArray> inputs,
            Map<String, StridedArray> seeds,
            Map<String, StridedArray> outputs,
            List<SameDiffGraph.BatchStatistics> statistics) {
        this.steps = tape.steps();
        this.forward = forward;
        this.constants = tape.constants();
        this.statistics = statistics;
        Set<PlannedBuffer> buffers = new LinkedHashSet<>();
        for (int i = 0; i < steps.size(); i++) {
            for (StridedArray array : steps.get(i).touched()) touch(array, i, buffers);
        }
        for (KernelStep step : steps) {
            for (StridedArray array : step.kept()) {
                touch(array, 0, buffers);
                touch(array, steps.size(), buffers);
            }
        }
        for (StridedArray array : inputs.values()) touch(array, 0, buffers);
        for (StridedArray array : seeds.values()) touch(array, forward, buffers);
        for (StridedArray array : outputs.values()) touch(array, steps.size(), buffers);
        this.arena = new BufferArena(new ArrayList<>(buffers));
        this.arrays = new LinkedHashMap<>(inputs);
        arrays.putAll(seeds);
        arrays.putAll(outputs);
        for (KernelStep step : steps) step.bind();
    }

    private static void touch(StridedArray array, int step, Set<PlannedBuffer> buffers) {
        if (array.buffer().isExternal()) return;
        array.buffer().extendLifetime(step);
        buffers.add(array.buffer());
    }

    List<SameDiffGraph.BatchStatistics> statistics() {
        return statistics;
    }

    boolean has(String name) {
        return arrays.containsKey(name);
    }

    /** Copies a 'c' array of floats to where the plan reads it. */
    void set(String name, INDArray values) {
        StridedArray array = arrays.get(name);
        if (array.size() != values.length()) {
            throw new IllegalArgumentException(name + ": expected " + array + ", got " + values.shapeInfoToString());
        }
        boolean asItLies = values.ordering() == 'c' && values.elementWiseStride() == 1 && !values.isView();
        INDArray dense = asItLies ? values : values.dup('c');
        Pointer.memcpy(
                new Kernels.CopyStep(array.address()),
                new Kernels.CopyStep(dense.data().address() + dense.offset() * Float.BYTES),
                array.size() * Float.BYTES);
        if (!asItLies) dense.close();
    }

    /** A copy of an array of the plan, 'c': the memory it reaches over at once, and from there in its order. */
    INDArray get(String name) {
        StridedArray array = arrays.get(name);
        long reach = 1;
        for (int i = 0; i < array.rank(); i++) reach += (array.dim(i) - 1) * array.stride(i);
        long[] dims = array.isDense() ? array.dims() : new long[] {reach};
        INDArray memory = Nd4j.createUninitialized(DataType.FLOAT, dims, 'c');
        Pointer.memcpy(
                new Kernels.CopyStep(memory.data().address()),
                new Kernels.CopyStep(array.address()),
                reach * Float.BYTES);
        if (array.isDense()) return memory;
        long[] strides = new long[array.rank()];
        for (int i = 0; i < strides.length; i++) strides[i] = array.stride(i);
        INDArray copy = Nd4j.createUninitialized(DataType.FLOAT, array.dims(), 'c');
        copy.assign(Nd4j.create(memory.data(), array.dims(), strides, 0, 'c'));
        memory.close();
        return copy;
    }

    void forward() {
        run(0, forward);
    }

    void backward() {
        run(forward, steps.size());
    }

    private void run(int from, int to) {
        if (times == null) {
            for (int i = from; i < to; i++) steps.get(i).run();
            return;
        }
        for (int i = from; i < to; i++) {
            KernelStep step = steps.get(i);
            long start = System.nanoTime();
            step.run();
            times.add(step.kind() + ", " + step.implementation(), System.nanoTime() - start);
        }
    }

    /** What each kind of step costs while {@code work} runs this plan, the dearest first. */
    List<OpTime> profile(Runnable work) {
        times = new OpTime.OpTimes();
        work.run();
        List<OpTime> sorted = times.sorted();
        times = null;
        return sorted;
    }

    /** Memory of all temporaries. */
    long bytes() {
        return arena.bytes();
    }

    @Override
    public void close() {
        steps.forEach(KernelStep::close);
        constants.forEach(FloatPointer::close);
        arena.close();
    }
}
