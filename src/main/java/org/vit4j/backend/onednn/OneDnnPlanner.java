package org.vit4j.backend.onednn;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.Precision;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.DropOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.LayoutOp;
import org.vit4j.graph.NormOp;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.analysis.SlicePropagation;

/**
 * Lowers a graph to a {@link OneDnnPlan} of oneDNN kernels for one batch size: chooses the tensors to compute and the
 * attentions to fuse. Results must agree with those of the SameDiff backend, the reference.
 */
final class OneDnnPlanner {
    private final Mode mode;
    private final long batch;
    private final Tape tape;
    private final OneDnnOpLowering lowering;
    private final Set<String> gradientTensors;
    /** The tensors to compute, by name: of some only the part that is used. */
    private Map<String, Tensor> needed = Map.of();

    private final Set<Tensor> requested = new HashSet<>();
    private final Map<Tensor, List<Tensor>> consumers = new HashMap<>();
    /** Tensors that are not lowered: those of absorbed attention, and attention maps that are computed in blocks. */
    private final Set<Tensor> omitted = new HashSet<>();

    private final Map<String, StridedArray> outputs = new LinkedHashMap<>();
    private final TensorTypes types;
    private final QueryScales queryScales = new QueryScales();
    private final Precision precision;

    private OneDnnPlanner(
            ParameterStore parameters,
            Mode mode,
            long batch,
            PackedWeights packed,
            Precision precision,
            Map<String, TapeValue.GradientTarget> gradients,
            Collection<String> gradientTensors) {
        this.mode = mode;
        this.precision = precision;
        this.batch = batch;
        this.gradientTensors = Set.copyOf(gradientTensors);
        this.types = new TensorTypes(precision, requested, consumers);
        this.tape = new Tape(mode != Mode.INFERENCE, packed);
        this.lowering = new OneDnnOpLowering(
                tape,
                precision,
                types::of,
                queryScales,
                batch,
                mode,
                parameters,
                gradients,
                this.gradientTensors,
                outputs);
    }

    /** Plan whose outputs are tensors of the graph, by name; {@code packed} is null if parameters may change. */
    static OneDnnPlan inference(
            Graph graph,
            ParameterStore parameters,
            PackedWeights packed,
            Precision precision,
            long batch,
            List<String> tensors) {
        OneDnnPlanner planner =
                new OneDnnPlanner(parameters, Mode.INFERENCE, batch, packed, precision, Map.of(), List.of());
        planner.forward(graph, tensors);
        return planner.plan(planner.tape.count(), Map.of(), GradientMemory.NONE);
    }

    /**
     * Plan with a forward and a backward pass.
     *
     * @param tensors outputs of the forward pass
     * @param seeded those of them with a gradient from the loss: set as {@code name + LOSS_GRADIENT} between the passes
     * @param flat destination of the parameters' gradients, laid out like {@link ParameterStore#trainable}
     * @param spec further tensors with gradients, outputs {@code name + GRADIENT}, and frozen parameters
     */
    static OneDnnPlan training(
            Graph graph,
            ParameterStore parameters,
            Mode mode,
            long batch,
            List<String> tensors,
            List<String> seeded,
            INDArray flat,
            Precision precision,
            GradientStep.GradientSpec spec) {
        GradientMemory gradients = GradientMemory.of(parameters, flat);
        Map<String, TapeValue.GradientTarget> targets = gradients.targets();
        Map<String, TapeValue.GradientTarget> trainable = new HashMap<>(targets);
        trainable.keySet().removeAll(spec.frozen());
        OneDnnPlanner planner =
                new OneDnnPlanner(parameters, mode, batch, null, precision, trainable, spec.gradientsOf());
        planner.forward(graph, tensors);
        int forward = planner.tape.count();
        Map<String, StridedArray> seeds = new LinkedHashMap<>();
        for (String name : seeded) {
            TapeValue value = planner.floats(name);
            StridedArray seed = StridedArray.temporary(value.array().dims());
            seeds.put(name + OneDnnPlan.LOSS_GRADIENT, seed);
            planner.tape.accumulate(value, seed, false);
        }
        planner.tape.backward();
        // Callers may have overwritten the gradient of the last run.
        targets.values().forEach(planner.tape::zeroFill);
        for (String name : spec.gradientsOf()) {
            StridedArray gradient = planner.tape.gradient(planner.value(name));
            if (gradient != null)
                planner.outputs.put(name + OneDnnPlan.GRADIENT, planner.tape.as(ElementType.F32, gradient));
        }
        return planner.plan(forward, seeds, gradients);
    }

    /** @param forward number of steps of the forward pass without setup steps */
    private OneDnnPlan plan(int forward, Map<String, StridedArray> seeds, GradientMemory gradients) {
        int setup = tape.steps().size() - tape.count();
        return new OneDnnPlan(
                batch, tape, setup + forward, lowering.inputs(), seeds, outputs, lowering.statistics(), gradients);
    }

    private TapeValue value(String tensor) {
        return lowering.value(needed.get(tensor));
    }

    private void forward(Graph graph, List<String> tensors) {
        needed = SlicePropagation.of(graph, complete(graph, tensors), tape.isTraining());
        for (String name : tensors) requested.add(needed.get(name));
        for (String name : gradientTensors) requested.add(needed.get(name));
        for (Tensor t : needed.values()) {
            for (Tensor in : t.inputs())
                consumers.computeIfAbsent(in, any -> new ArrayList<>()).add(t);
        }
        Map<Tensor, List<Tensor>> fused = new LinkedHashMap<>();
        for (Tensor t : needed.values())
            AbsorbedAttention.of(t, consumers, requested, tape.isTraining())
                    .ifPresentOrElse(
                            attention -> absorb(t, attention),
                            () -> mapsInBlocks(t).ifPresent(maps -> fused.put(t, maps)));
        boolean cheap = tape.isTraining() && FusedAttention.isCheap(fused, needed.values());
        fused.forEach((sum, maps) -> fuse(sum, new FusedAttention(maps, cheap && FusedAttention.isLarge(maps, batch))));
        for (Tensor t : needed.values()) if (isForSoftmaxOnly(t)) lowering.setSoftmaxOnly(t);
        for (Tensor t : needed.values()) {
            if (omitted.contains(t)) continue;
            TapeValue value = lowering.lower(t);
            List<Tensor> uses = consumers.getOrDefault(t, List.of());
            value.setUsedOnce(uses.size() == 1 && !requested.contains(t));
            if (gradientTensors.contains(t.name())) value.setGradientRequested();
            if (!requested.contains(t) && tape.isTraining() && splitsInput(t, uses)) tape.splitGradient(value);
        }
        for (String name : tensors) outputs.put(name, floats(name).array());
    }

    /** A lowered tensor in float32, as callers of the plan expect. */
    private TapeValue floats(String tensor) {
        return tape.as(ElementType.F32, value(tensor));
    }

    /** Tensors of which no part may be omitted. */
    private Set<Tensor> complete(Graph graph, List<String> tensors) {
        Set<Tensor> complete = new LinkedHashSet<>();
        for (String name : tensors) complete.add(graph.tensor(name));
        for (String name : gradientTensors) complete.add(graph.tensor(name));
        if (mode == Mode.TRAINING) {
            // Every batch norm updates its running statistics, even if its output is unused.
            for (Tensor t : graph.tensors()) if (t.op() instanceof NormOp.BatchNorm) complete.add(t);
        }
        return complete;
    }

    private void absorb(Tensor sum, AbsorbedAttention attention) {
        omitted.addAll(attention.omitted());
        lowering.absorb(sum, attention);
    }

    private void fuse(Tensor sum, FusedAttention attention) {
        omitted.addAll(attention.maps());
        lowering.fuse(sum, attention);
        if (precision == Precision.BF16 && !tape.isTraining())
            queryScales.move(attention.maps().get(0), consumers, requested);
    }

    /** The maps of the attention that a tensor ends, if computing it in blocks is possible and faster. */
    private Optional<List<Tensor>> mapsInBlocks(Tensor sum) {
        List<Tensor> maps = fusableMaps(sum);
        boolean blocks = tape.isTraining() ? isTrainedInBlocks(sum, maps) : !maps.isEmpty();
        return blocks ? Optional.of(maps) : Optional.empty();
    }

    /**
     * Attention maps from the scores to the probabilities of a weighted sum, in the order of computation, if each has one reader,
     * all have as many heads, and those of an image do not depend on other images; otherwise empty.
     */
    private List<Tensor> fusableMaps(Tensor sum) {
        if (!(sum.op() instanceof AttentionOp.WeightedSum)) return List.of();
        Deque<Tensor> maps = new ArrayDeque<>();
        for (Tensor t = sum.input(); ; t = t.input()) {
            boolean sameHeads = t.shape().dim(0) == sum.shape().dim(0);
            if (requested.contains(t) || consumers.get(t).size() > 1 || !sameHeads) return List.of();
            maps.addFirst(t);
            if (t.op() instanceof AttentionOp.AttentionScores) return List.copyOf(maps);
            boolean passes = t.op() instanceof DropOp.Dropout
                    || t.op() instanceof AttentionOp.Softmax
                    || t.op() instanceof AttentionOp.MixHeads
                    || t.op() instanceof AttentionOp.RelativeBias;
            if (!passes) return List.of();
        }
    }

    /**
     * Returns true for plain attention whose queries, keys and values have no other readers, because each block writes the
     * gradient of its part of them. With mixed heads, training in blocks was not faster.
     */
    private boolean isTrainedInBlocks(Tensor sum, List<Tensor> maps) {
        return maps.size() == 2
                && maps.get(1).op() instanceof AttentionOp.Softmax
                && hasOneReader(sum.inputs().get(1))
                && maps.get(0).inputs().stream().allMatch(this::hasOneReader);
    }

    /** Returns true if a tensor has one reader, and so have those that it is a view of: views share their gradient's memory. */
    private boolean hasOneReader(Tensor t) {
        if (consumers.get(t).size() > 1 || requested.contains(t)) return false;
        boolean view = t.op() instanceof LayoutOp.Permute
                || t.op() instanceof LayoutOp.Reshape
                || t.op() instanceof LayoutOp.MergeHeads
                || (t.op() instanceof LayoutOp.SplitHeads split && split.parts() == 1);
        return !view || hasOneReader(t.input());
    }

    /** Returns true for scores that only softmax reads, and of which only weighted sums read the probabilities. */
    private boolean isForSoftmaxOnly(Tensor scores) {
        if (!(scores.op() instanceof AttentionOp.AttentionScores) || requested.contains(scores)) return false;
        List<Tensor> readers = consumers.getOrDefault(scores, List.of());
        return readers.stream()
                .allMatch(reader -> reader.op() instanceof AttentionOp.Softmax
                        && !requested.contains(reader)
                        && consumers.getOrDefault(reader, List.of()).stream()
                                .allMatch(sum -> sum.op() instanceof AttentionOp.WeightedSum));
    }

    /** Returns true if a tensor, or a view of it, has several readers of which at least one reads a part: parts may overlap. */
    private boolean isReadInParts(Tensor t) {
        List<Tensor> readers = consumers.getOrDefault(t, List.of());
        boolean slice = readers.stream().anyMatch(reader -> reader.op() instanceof LayoutOp.Slice);
        return (slice && (readers.size() > 1 || requested.contains(t)))
                || readers.stream().anyMatch(reader -> reader.op() instanceof LayoutOp && isReadInParts(reader));
    }

    /** Returns true if the uses of a tensor are its split into heads (such as q, k and v), each part once. */
    private boolean splitsInput(Tensor t, List<Tensor> uses) {
        Set<Integer> parts = new HashSet<>();
        int covered = 0;
        for (Tensor use : uses) {
            if (use.op() instanceof LayoutOp.SplitHeads split && split.parts() == uses.size() && !isReadInParts(use)) {
                parts.add(split.part());
                covered += t.shape().last() / split.parts();
            } else {
                return false;
            }
        }
        return parts.size() > 1
                && parts.size() == uses.size()
                && covered == t.shape().last();
    }
}
