package org.vit4j.backend.onednn;

import java.lang.ref.Reference;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Alignment;
import org.vit4j.backend.BatchStatistics;
import org.vit4j.backend.CachedPlan;
import org.vit4j.backend.OpTime;
import org.vit4j.machine.CpuThreads;
import org.vit4j.machine.ThreadAffinity;

/**
 * Static plan of a network for one batch size: a list of steps bound to preallocated memory. Runs neither allocate nor
 * branch.
 */
final class OneDnnPlan implements CachedPlan {
    /** Suffix of the name of a tensor's gradient. */
    static final String GRADIENT = ".gradient";
    /** Suffix of the name of the loss's own gradient with respect to a tensor, which other operations may read too. */
    static final String LOSS_GRADIENT = ".loss_gradient";
    /** Bytes of a page, to which scratch memory is aligned. */
    private static final long PAGE = GradientMemory.PAGE;

    private final long batch;
    private final int threads = CpuThreads.current();
    private final Map<String, PlanInput> inputs = new HashMap<>();
    private final Set<String> outputs;
    private final List<KernelStep> steps;
    private final int forward;
    private final Map<String, StridedArray> arrays;
    private final List<BatchStatistics> statistics;
    private final List<FloatPointer> constants;
    private final BufferArena arena;
    private final BytePointer scratch;
    private OpTime.OpTimes times;

    /**
     * Allocates memory and binds the steps.
     *
     * @param forward number of steps of the forward pass
     * @param inputs arrays that are set before the forward pass
     * @param seeds gradients that are set before the backward pass
     * @param outputs arrays that are read after a run
     * @param gradients of the parameters, which are read after a run; {@link GradientMemory#NONE} if there are none
     */
    OneDnnPlan(
            long batch,
            Tape tape,
            int forward,
            Map<String, StridedArray> inputs,
            Map<String, StridedArray> seeds,
            Map<String, StridedArray> outputs,
            List<BatchStatistics> statistics,
            GradientMemory gradients) {
        this.batch = batch;
        this.outputs = Set.copyOf(outputs.keySet());
        this.steps = tape.steps();
        this.forward = forward;
        this.constants = tape.constants();
        this.statistics = statistics;
        Set<PlannedBuffer> buffers = new LinkedHashSet<>();
        for (int i = 0; i < steps.size(); i++) {
            for (StridedArray array : steps.get(i).arrays()) {
                extendLifetime(array, i, buffers);
                gradients.extendLifetime(array, i);
            }
        }
        gradients.keepUntil(steps.size());
        for (KernelStep step : steps) {
            for (StridedArray array : step.persistentArrays()) {
                extendLifetime(array, 0, buffers);
                extendLifetime(array, steps.size(), buffers);
            }
        }
        for (StridedArray array : inputs.values()) extendLifetime(array, 0, buffers);
        for (StridedArray array : seeds.values()) extendLifetime(array, forward, buffers);
        for (StridedArray array : outputs.values()) extendLifetime(array, steps.size(), buffers);
        for (int i = 0; i < steps.size(); i++) if (steps.get(i) instanceof PostOp.FusableStep step) step.addInPlace(i);
        this.arena = new BufferArena(buffers, gradients);
        this.arrays = new LinkedHashMap<>(inputs);
        arrays.putAll(seeds);
        arrays.putAll(outputs);
        bindSteps();
        inputs.forEach((name, array) -> this.inputs.put(name, new PlanInput(array, steps, outputs.values())));
        this.scratch = allocateScratch();
    }

    /** Binds the steps, then destroys the layouts that they needed for that. */
    @SuppressWarnings({"try", "unchecked"}) // layouts find the scope by themselves; an array of a generic type
    private void bindSteps() {
        try (PointerScope layouts = new PointerScope(MemoryLayout.class)) {
            for (KernelStep step : steps) step.bind();
        }
    }

    /** Scratch memory of all primitives, which run one after the other. */
    private BytePointer allocateScratch() {
        List<Primitive> primitives =
                steps.stream().flatMap(step -> step.primitives().stream()).toList();
        long bytes =
                primitives.stream().mapToLong(Primitive::scratchBytes).max().orElse(0);
        BytePointer memory = new BytePointer(bytes + PAGE);
        long start = Alignment.roundUp(memory.address(), PAGE);
        primitives.forEach(primitive -> primitive.setScratch(start));
        return memory;
    }

    private static void extendLifetime(StridedArray array, int step, Set<PlannedBuffer> buffers) {
        if (array.buffer().isExternal()) return;
        array.buffer().block().extendLifetime(step);
        buffers.add(array.buffer());
    }

    long batch() {
        return batch;
    }

    /** All steps in order. */
    List<KernelStep> steps() {
        return steps;
    }

    /** The number of threads that runs must use. */
    int threads() {
        return threads;
    }

    /** The arrays that are set before the forward pass, by name. */
    Map<String, PlanInput> inputs() {
        return inputs;
    }

    /** Names of the arrays that are read after a run. */
    Set<String> outputs() {
        return outputs;
    }

    List<BatchStatistics> statistics() {
        return statistics;
    }

    /** Copies an array to one that is set before a run. */
    void set(String name, INDArray values) {
        StridedArray array = checked(name, values);
        INDArray floats = values.castTo(DataType.FLOAT);
        INDArray dense = isDense(floats) ? floats : floats.dup('c');
        Pointer.memcpy(
                new Kernels.RawPointer(array.address()),
                new Kernels.RawPointer(address(dense)),
                array.size() * Float.BYTES);
        if (dense != floats) dense.close();
        if (floats != values) floats.close();
    }

    /**
     * Calls {@code work}, which runs the plan, while the plan reads the inputs from the memory of the caller, which must not change
     * meanwhile.
     *
     * @throws IllegalArgumentException if an input is missing
     */
    <T> T reading(Map<String, INDArray> values, Supplier<T> work) {
        try {
            for (String input : inputs.keySet()) {
                INDArray array = values.get(input);
                if (array == null) throw new IllegalArgumentException("missing input " + input);
                read(input, array);
            }
            return work.get();
        } finally {
            inputs.values().forEach(PlanInput::readFromPlan);
            Reference.reachabilityFence(values);
        }
    }

    /** Lets runs read an input from an array; copies it if need be. */
    private void read(String name, INDArray values) {
        checked(name, values);
        if (inputs.get(name).isMovable() && isDense(values)) inputs.get(name).readFrom(address(values));
        else set(name, values);
    }

    private StridedArray checked(String name, INDArray values) {
        StridedArray array = arrays.get(name);
        if (array.size() == values.length()) return array;
        throw new IllegalArgumentException(name + ": expected " + array + ", got " + values.shapeInfoToString());
    }

    private static boolean isDense(INDArray values) {
        return values.dataType() == DataType.FLOAT
                && values.ordering() == 'c'
                && values.elementWiseStride() == 1
                && !values.isView();
    }

    private static long address(INDArray dense) {
        return dense.data().address() + dense.offset() * Float.BYTES;
    }

    /** A copy of an array of the plan in 'c' order. Strided arrays: copies the memory range first, then reorders it. */
    INDArray get(String name) {
        StridedArray array = arrays.get(name);
        long span = 1;
        for (int i = 0; i < array.rank(); i++) span += (array.dim(i) - 1) * array.stride(i);
        long[] dims = array.isDense() ? array.dims() : new long[] {span};
        INDArray memory = Nd4j.createUninitialized(DataType.FLOAT, dims, 'c');
        Pointer.memcpy(
                new Kernels.RawPointer(memory.data().address()),
                new Kernels.RawPointer(array.address()),
                span * Float.BYTES);
        if (array.isDense()) return memory;
        long[] strides = new long[array.rank()];
        for (int i = 0; i < strides.length; i++) strides[i] = array.stride(i);
        INDArray copy = Nd4j.createUninitialized(DataType.FLOAT, array.dims(), 'c');
        copy.assign(Nd4j.create(memory.data(), array.dims(), strides, 0, 'c'));
        memory.close();
        return copy;
    }

    /** The elements of a matrix of the plan, row by row; by way of ND4J if the elements of a row do not follow one another. */
    float[][] rows(String name) {
        StridedArray array = arrays.get(name);
        if (array.rank() != 2 || array.stride(1) != 1) {
            try (INDArray copy = get(name)) {
                return copy.toFloatMatrix();
            }
        }
        float[][] rows = new float[Math.toIntExact(array.dim(0))][Math.toIntExact(array.dim(1))];
        long row = array.stride(0) * Float.BYTES;
        for (int i = 0; i < rows.length; i++)
            new FloatPointer(new Kernels.RawPointer(array.address() + i * row)).get(rows[i]);
        return rows;
    }

    /** The elements of a dense array of the plan. */
    float[] values(String name) {
        StridedArray array = arrays.get(name);
        if (!array.isDense()) throw new IllegalArgumentException(name + ": expected a dense array, got " + array);
        float[] values = new float[Math.toIntExact(array.size())];
        new FloatPointer(new Kernels.RawPointer(array.address())).get(values);
        return values;
    }

    void forward() {
        run(0, forward);
    }

    void backward() {
        run(forward, steps.size());
    }

    private void run(int from, int to) {
        ThreadAffinity.run(threads, () -> runSteps(from, to));
    }

    private void runSteps(int from, int to) {
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

    /** Time per kind of step while {@code work} runs this plan, largest first. */
    List<OpTime> profile(Runnable work) {
        times = new OpTime.OpTimes();
        work.run();
        List<OpTime> sorted = times.sorted();
        times = null;
        return sorted;
    }

    @Override
    public long bytes() {
        return arena.bytes() + scratch.capacity();
    }

    @Override
    public void close() {
        steps.forEach(KernelStep::close);
        constants.forEach(FloatPointer::close);
        arena.close();
        scratch.close();
    }
}
