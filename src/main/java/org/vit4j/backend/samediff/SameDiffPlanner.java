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

/** From a recorded step to a plan: what is a view, what nobody needs, in which order, and where everything lies. */
final class SameDiffPlanner {
    /** A cache line, and the widest vector of current processors. */
    private static final int ALIGNMENT = 64;

    private final SameDiff sd;
    private final Map<String, INDArray> inputs;
    private final Tracer.Trace recording;
    private final Map<String, PlannedValue> values = new HashMap<>();
    private final Map<String, PlannedValue> placeholders = new LinkedHashMap<>();
    private final Map<String, INDArray> shared = new LinkedHashMap<>();

    private SameDiffPlanner(SameDiff sd, Map<String, INDArray> inputs, Tracer.Trace recording) {
        this.sd = sd;
        this.inputs = inputs;
        this.recording = recording;
    }

    /**
     * @param into where outputs are to be written, for some of them
     * @param inputs by which the graph is executed once
     */
    static SameDiffPlan plan(
            SameDiff sd, List<String> outputs, Map<String, INDArray> into, Map<String, INDArray> inputs) {
        return new SameDiffPlanner(sd, inputs, Tracer.trace(sd, outputs, inputs)).plan(outputs, into);
    }

    private SameDiffPlan plan(List<String> outputs, Map<String, INDArray> into) {
        recording.placeholders().forEach(this::value);
        List<PlannedOp> all = new ArrayList<>();
        for (TracedOp op : recording.ops()) node(op, outputs, all);
        List<PlannedOp> nodes = ordered(needed(all, outputs));
        List<String> apart = give(nodes, into);
        List<INDArray> arenas = place(nodes, outputs);

        List<OpStep> steps = nodes.stream().map(PlannedOp::bind).toList();
        Map<String, INDArray> results = new LinkedHashMap<>();
        for (String output : outputs)
            results.put(output, into.getOrDefault(output, value(output).array()));
        List<SameDiffPlan.ResultCopy> copies = apart.stream()
                .map(name -> new SameDiffPlan.ResultCopy(value(name).array(), into.get(name)))
                .toList();
        Map<String, INDArray> bound = new LinkedHashMap<>();
        placeholders.forEach((name, value) -> bound.put(name, value.array()));
        return new SameDiffPlan(
                bound, shared, Collections.unmodifiableMap(results), copies, steps, arenas, recording.folded());
    }

    /** The value of a variable that exists before the first op, or was made by one before. */
    private PlannedValue value(String name) {
        PlannedValue known = values.get(name);
        if (known != null) return known;
        PlannedValue value = source(name);
        values.put(name, value);
        return value;
    }

    private PlannedValue source(String name) {
        if (recording.folded().has(name))
            return PlannedValue.of(recording.folded().get(name));
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

    private void node(TracedOp recorded, List<String> outputs, List<PlannedOp> nodes) {
        List<PlannedValue> from = recorded.inputs().stream().map(this::value).toList();
        List<PlannedValue> made = new ArrayList<>();
        boolean computed = false;
        for (int i = 0; i < recorded.results().size(); i++) {
            TracedOp.TracedResult result = recorded.results().get(i);
            PlannedValue own = PlannedValue.inArena(result);
            PlannedValue view = view(recorded, from, i, outputs.contains(result.name()));
            computed |= view == null;
            values.put(result.name(), view == null ? own : view);
            made.add(own);
        }
        if (computed) nodes.add(new PlannedOp(recorded.op(), from, made));
    }

    private PlannedValue view(TracedOp recorded, List<PlannedValue> from, int index, boolean output) {
        // Arguments that are arrays may be different ones the next time.
        boolean fixed = recorded.inputs().stream().skip(1).allMatch(recording.folded()::has);
        PlannedValue view = ViewRules.of(
                recorded.op(), from, fixed, index, recorded.results().get(index).shape());
        if (view == null || !view.place().isGiven()) return view;
        // An output stays what it is until the next run; a variable may change before.
        if (output) return null;
        return view.array() == null ? null : view;
    }

    /** Without the ops that nobody reads. */
    private List<PlannedOp> needed(List<PlannedOp> nodes, List<String> outputs) {
        Set<Allocation> wanted = new HashSet<>();
        outputs.forEach(output -> wanted.add(value(output).place()));
        List<PlannedOp> needed = new ArrayList<>();
        for (int i = nodes.size() - 1; i >= 0; i--) {
            PlannedOp node = nodes.get(i);
            if (node.outputs().stream().noneMatch(output -> wanted.contains(output.place()))) continue;
            PlannedOp trimmed = node.trimmed(wanted);
            trimmed.inputs().forEach(input -> wanted.add(input.place()));
            needed.add(trimmed);
        }
        Collections.reverse(needed);
        return needed;
    }

    /**
     * What depends on variables alone, just before it is first read: the interpreter begins with all of it, and it would
     * fill memory until then.
     */
    private List<PlannedOp> ordered(List<PlannedOp> nodes) {
        Set<Allocation> early = new HashSet<>();
        placeholders.values().forEach(value -> early.add(value.place()));
        Map<Allocation, PlannedOp> waiting = new HashMap<>();
        List<PlannedOp> ordered = new ArrayList<>();
        for (PlannedOp node : nodes) {
            if (node.inputs().stream().anyMatch(input -> early.contains(input.place()))) {
                node.outputs().forEach(output -> early.add(output.place()));
                emit(node, waiting, ordered);
            } else {
                node.outputs().forEach(output -> waiting.put(output.place(), node));
            }
        }
        for (PlannedOp node : nodes) {
            if (waiting.containsKey(node.outputs().get(0).place())) emit(node, waiting, ordered);
        }
        return ordered;
    }

    private static void emit(PlannedOp node, Map<Allocation, PlannedOp> waiting, List<PlannedOp> ordered) {
        node.outputs().forEach(output -> waiting.remove(output.place()));
        for (PlannedValue input : node.inputs()) {
            PlannedOp before = waiting.get(input.place());
            if (before != null) emit(before, waiting, ordered);
        }
        ordered.add(node);
    }

    /** Lets ops write where the caller wants it; the names of the outputs that have to be copied there instead. */
    private List<String> give(List<PlannedOp> nodes, Map<String, INDArray> into) {
        Set<Allocation> computed = new HashSet<>();
        nodes.forEach(node -> node.outputs().forEach(output -> computed.add(output.place())));
        List<String> apart = new ArrayList<>();
        into.forEach((name, array) -> {
            PlannedValue value = value(name);
            Allocation place = value.place();
            boolean whole = value.length() == place.length && array.length() == place.length;
            if (whole && computed.contains(place) && !place.isGiven() && place.accepts(array)) place.assign(array);
            else apart.add(name);
        });
        return apart;
    }

    /** Gives every value of the step its memory. */
    private List<INDArray> place(List<PlannedOp> nodes, List<String> outputs) {
        Map<DataType, Set<Allocation>> places = new EnumMap<>(DataType.class);
        Set<INDArray> folded = Collections.newSetFromMap(new IdentityHashMap<>());
        ValueUse uses = (value, step) -> {
            Allocation place = value.place();
            place.use(step);
            if (place.isGiven()) folded.add(place.given());
            else if (place.length > 0) {
                places.computeIfAbsent(place.type, any -> new LinkedHashSet<>()).add(place);
            }
        };
        placeholders.values().forEach(value -> uses.of(value, 0));
        for (int i = 0; i < nodes.size(); i++) {
            int step = i + 1;
            nodes.get(i).inputs().forEach(value -> uses.of(value, step));
            nodes.get(i).outputs().forEach(value -> uses.of(value, step));
        }
        outputs.forEach(output -> uses.of(value(output), nodes.size() + 1));
        recording.folded().keep(folded);
        List<INDArray> arenas = new ArrayList<>();
        places.forEach((type, some) -> arenas.add(arena(type, List.copyOf(some))));
        return arenas;
    }

    private interface ValueUse {
        void of(PlannedValue value, int step);
    }

    private static INDArray arena(DataType type, List<Allocation> places) {
        long grain = ALIGNMENT / type.width();
        long length = MemoryPlanner.place(places, grain);
        INDArray arena = Nd4j.createUninitializedDetached(type, length + grain);
        long past = arena.data().address() % ALIGNMENT / type.width();
        long shift = past == 0 ? 0 : grain - past;
        places.forEach(place -> place.in(arena, shift));
        return arena;
    }
}
