package org.vit4j.backend.samediff;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.MemoryBlock;
import org.vit4j.backend.MemoryPlanner;

/** Turns a traced graph into a static plan: finds views, removes unneeded ops, reorders ops and allocates memory. */
final class SameDiffPlanner {
    /** Bytes of a cache line, and of the widest vector of current CPUs. */
    private static final int ALIGNMENT = 64;

    private final SameDiff sd;
    private final Map<String, INDArray> inputs;
    private final Tracer.Trace trace;
    private final Map<String, PlannedValue> values = new HashMap<>();
    private final Map<String, PlannedValue> placeholders = new LinkedHashMap<>();
    private final Map<String, INDArray> shared = new LinkedHashMap<>();

    private SameDiffPlanner(SameDiff sd, Map<String, INDArray> inputs, Tracer.Trace trace) {
        this.sd = sd;
        this.inputs = inputs;
        this.trace = trace;
    }

    /**
     * Makes a plan.
     *
     * @param destinations arrays for some of the outputs
     * @param inputs inputs for tracing the graph once
     */
    static SameDiffPlan plan(
            SameDiff sd, List<String> outputs, Map<String, INDArray> destinations, Map<String, INDArray> inputs) {
        return new SameDiffPlanner(sd, inputs, Tracer.trace(sd, outputs, inputs)).plan(outputs, destinations);
    }

    private SameDiffPlan plan(List<String> outputs, Map<String, INDArray> destinations) {
        trace.placeholders().forEach(this::value);
        List<PlannedOp> all = new ArrayList<>();
        for (TracedOp op : trace.ops()) addOp(op, outputs, all);
        List<PlannedOp> ops = reordered(neededOps(all, outputs));
        List<String> copied = assignDestinations(ops, destinations);
        List<INDArray> arenas = allocate(ops, outputs);

        List<OpStep> steps = ops.stream().map(PlannedOp::bind).toList();
        Map<String, INDArray> results = new LinkedHashMap<>();
        for (String output : outputs)
            results.put(output, destinations.getOrDefault(output, value(output).array()));
        List<SameDiffPlan.ResultCopy> copies = copied.stream()
                .map(name -> new SameDiffPlan.ResultCopy(value(name).array(), destinations.get(name)))
                .toList();
        Map<String, INDArray> bound = new LinkedHashMap<>();
        placeholders.forEach((name, value) -> bound.put(name, value.array()));
        return new SameDiffPlan(
                bound, shared, Collections.unmodifiableMap(results), copies, steps, arenas, trace.folded());
    }

    /** The value of a variable: an output of an earlier op, or one that exists before the first op. */
    private PlannedValue value(String name) {
        PlannedValue known = values.get(name);
        if (known != null) return known;
        PlannedValue value = source(name);
        values.put(name, value);
        return value;
    }

    private PlannedValue source(String name) {
        if (trace.folded().has(name)) return PlannedValue.of(trace.folded().get(name));
        SDVariable variable = sd.getVariable(name);
        if (variable.isPlaceHolder()) {
            long[] shape = inputs.get(name).shape();
            PlannedValue value = PlannedValue.inArena(new TracedOp.TracedResult(name, variable.dataType(), shape));
            placeholders.put(name, value);
            return value;
        }
        INDArray array = sd.getArrForVarName(name);
        shared.put(name, array);
        return PlannedValue.of(array);
    }

    private void addOp(TracedOp traced, List<String> outputs, List<PlannedOp> ops) {
        List<PlannedValue> from = traced.inputs().stream().map(this::value).toList();
        List<PlannedValue> results = new ArrayList<>();
        boolean computed = false;
        for (int i = 0; i < traced.results().size(); i++) {
            TracedOp.TracedResult result = traced.results().get(i);
            PlannedValue own = PlannedValue.inArena(result);
            PlannedValue view = view(traced, from, i, outputs.contains(result.name()));
            computed |= view == null;
            values.put(result.name(), view == null ? own : view);
            results.add(own);
        }
        if (computed) ops.add(new PlannedOp(traced.op(), from, results));
    }

    private PlannedValue view(TracedOp traced, List<PlannedValue> from, int index, boolean output) {
        // Array arguments such as shapes may have other values in the next run.
        boolean fixed = traced.inputs().stream().skip(1).allMatch(trace.folded()::has);
        PlannedValue view = ViewRules.of(
                traced.op(), from, fixed, index, traced.results().get(index).shape());
        if (view == null || !view.allocation().isExternal()) return view;
        // Outputs must not be views of a variable, which may change before the next run.
        if (output) return null;
        return view.array() == null ? null : view;
    }

    /** Removes ops whose outputs are not needed. */
    private List<PlannedOp> neededOps(List<PlannedOp> ops, List<String> outputs) {
        Set<Allocation> live = new HashSet<>();
        outputs.forEach(output -> live.add(value(output).allocation()));
        List<PlannedOp> needed = new ArrayList<>();
        for (int i = ops.size() - 1; i >= 0; i--) {
            PlannedOp op = ops.get(i);
            if (op.outputs().stream().noneMatch(output -> live.contains(output.allocation()))) continue;
            PlannedOp trimmed = op.trimmed(live);
            trimmed.inputs().forEach(input -> live.add(input.allocation()));
            needed.add(trimmed);
        }
        Collections.reverse(needed);
        return needed;
    }

    /**
     * Moves ops that depend on variables only to just before their first use. The interpreter executes all of them
     * first, so that their results would occupy memory until then.
     */
    private List<PlannedOp> reordered(List<PlannedOp> ops) {
        Set<Allocation> early = new HashSet<>();
        placeholders.values().forEach(value -> early.add(value.allocation()));
        Map<Allocation, PlannedOp> waiting = new HashMap<>();
        List<PlannedOp> ordered = new ArrayList<>();
        for (PlannedOp op : ops) {
            if (op.inputs().stream().anyMatch(input -> early.contains(input.allocation()))) {
                op.outputs().forEach(output -> early.add(output.allocation()));
                emit(op, waiting, ordered);
            } else {
                op.outputs().forEach(output -> waiting.put(output.allocation(), op));
            }
        }
        for (PlannedOp op : ops) {
            if (waiting.containsKey(op.outputs().get(0).allocation())) emit(op, waiting, ordered);
        }
        return ordered;
    }

    private static void emit(PlannedOp op, Map<Allocation, PlannedOp> waiting, List<PlannedOp> ordered) {
        op.outputs().forEach(output -> waiting.remove(output.allocation()));
        for (PlannedValue input : op.inputs()) {
            PlannedOp before = waiting.get(input.allocation());
            if (before != null) emit(before, waiting, ordered);
        }
        ordered.add(op);
    }

    /** Lets ops write to the destinations directly; returns the names of outputs that must be copied there instead. */
    private List<String> assignDestinations(List<PlannedOp> ops, Map<String, INDArray> destinations) {
        Set<Allocation> computed = new HashSet<>();
        ops.forEach(op -> op.outputs().forEach(output -> computed.add(output.allocation())));
        List<String> copied = new ArrayList<>();
        destinations.forEach((name, array) -> {
            PlannedValue value = value(name);
            Allocation allocation = value.allocation();
            boolean complete = value.length() == allocation.length && array.length() == allocation.length;
            if (complete && computed.contains(allocation) && !allocation.isExternal() && allocation.accepts(array))
                allocation.assign(array);
            else copied.add(name);
        });
        return copied;
    }

    /** Allocates the memory of all values. */
    private List<INDArray> allocate(List<PlannedOp> ops, List<String> outputs) {
        Map<DataType, Set<Allocation>> allocations = new EnumMap<>(DataType.class);
        Set<INDArray> folded = Collections.newSetFromMap(new IdentityHashMap<>());
        ValueUse uses = (value, step) -> {
            Allocation allocation = value.allocation();
            allocation.block().extendLifetime(step);
            if (allocation.isExternal()) folded.add(allocation.external());
            else if (allocation.length > 0) {
                allocations
                        .computeIfAbsent(allocation.type, any -> new LinkedHashSet<>())
                        .add(allocation);
            }
        };
        placeholders.values().forEach(value -> uses.of(value, 0));
        for (int i = 0; i < ops.size(); i++) {
            int step = i + 1;
            ops.get(i).inputs().forEach(value -> uses.of(value, step));
            ops.get(i).outputs().forEach(value -> uses.of(value, step));
        }
        outputs.forEach(output -> uses.of(value(output), ops.size() + 1));
        trace.folded().retain(folded);
        List<INDArray> arenas = new ArrayList<>();
        allocations.forEach((type, some) -> arenas.add(arena(type, List.copyOf(some))));
        return arenas;
    }

    private interface ValueUse {
        void of(PlannedValue value, int step);
    }

    private static INDArray arena(DataType type, List<Allocation> allocations) {
        long alignment = ALIGNMENT / type.width();
        List<MemoryBlock> blocks = allocations.stream().map(Allocation::block).toList();
        long length = MemoryPlanner.assignOffsets(blocks, alignment, MemoryPlanner.GapChoice.SMALLEST);
        INDArray arena = Nd4j.createUninitializedDetached(type, length + alignment);
        long past = arena.data().address() % ALIGNMENT / type.width();
        long shift = past == 0 ? 0 : alignment - past;
        allocations.forEach(allocation -> allocation.setArena(arena, shift));
        return arena;
    }
}
