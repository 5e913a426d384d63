package org.vit4j.backend.onednn;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.BatchStatistics;
import org.vit4j.backend.DropMask;
import org.vit4j.backend.DropMaskSpecs;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Graph;
import org.vit4j.graph.HeadOp;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.Op;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;

/**
 * Lowers a graph to a {@link OneDnnPlan} of oneDNN kernels for one batch size. Results must agree with those of the
 * SameDiff backend, the reference.
 */
final class OneDnnPlanner {
    private final ParameterStore parameters;
    private final Mode mode;
    private final long batch;
    private final Tape tape;
    private final MatmulOps math;
    private final NormOps norms;
    private final ConvOps convs;
    private final AttentionOps attention;
    private final Set<Tensor> needed = new HashSet<>();
    private final Set<Tensor> requested = new HashSet<>();
    private final Map<Tensor, List<Tensor>> consumers = new HashMap<>();
    /** Attention scores and probabilities with no other readers: computed in blocks and never stored as a whole. */
    private final Set<Tensor> fusedMaps = new HashSet<>();

    private final Map<Tensor, TapeValue> values = new HashMap<>();
    private final Map<String, TapeValue> parameterArrays = new HashMap<>();
    private final Map<String, StridedArray> inputs = new LinkedHashMap<>();
    private final Map<String, TapeValue> masks = new LinkedHashMap<>();
    private final Map<String, StridedArray> outputs = new LinkedHashMap<>();
    private final List<BatchStatistics> statistics = new ArrayList<>();
    private final Map<String, TapeValue.GradientTarget> gradients;
    private final Set<String> gradientTensors;

    private OneDnnPlanner(
            ParameterStore parameters,
            Mode mode,
            long batch,
            PackedWeights packed,
            Map<String, TapeValue.GradientTarget> gradients,
            Collection<String> gradientTensors) {
        this.parameters = parameters;
        this.mode = mode;
        this.batch = batch;
        this.gradients = gradients;
        this.gradientTensors = Set.copyOf(gradientTensors);
        this.tape = new Tape(mode != Mode.INFERENCE, packed);
        this.math = new MatmulOps(tape);
        this.norms = new NormOps(tape, math);
        this.convs = new ConvOps(tape, math);
        this.attention = new AttentionOps(tape, math, batch);
    }

    /** Plan whose outputs are tensors of the graph, by name; {@code packed} is null if parameters may change. */
    static OneDnnPlan inference(
            Graph graph, ParameterStore parameters, PackedWeights packed, long batch, List<String> tensors) {
        OneDnnPlanner planner = new OneDnnPlanner(parameters, Mode.INFERENCE, batch, packed, Map.of(), List.of());
        planner.forward(graph, tensors);
        return planner.plan(planner.tape.steps().size(), Map.of());
    }

    /**
     * Plan with a forward and a backward pass.
     *
     * @param tensors outputs of the forward pass
     * @param seeded those of them with a gradient from the loss: set as {@code name + GRADIENT} between the passes
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
            GradientStep.GradientSpec spec) {
        Map<String, TapeValue.GradientTarget> targets = GradientTargets.of(parameters, flat);
        Map<String, TapeValue.GradientTarget> trainable = new HashMap<>(targets);
        trainable.keySet().removeAll(spec.frozen());
        OneDnnPlanner planner = new OneDnnPlanner(parameters, mode, batch, null, trainable, spec.gradientsOf());
        planner.forward(graph, tensors);
        int forward = planner.tape.steps().size();
        Map<String, StridedArray> seeds = new LinkedHashMap<>();
        for (String name : seeded) {
            TapeValue value = planner.values.get(graph.tensor(name));
            StridedArray seed = StridedArray.temporary(value.array().dims());
            seeds.put(name + GRADIENT, seed);
            planner.tape.accumulate(value, seed, false);
        }
        planner.tape.backward();
        // Callers may have overwritten the gradient of the last run.
        targets.values().forEach(planner.tape::zeroFill);
        for (String name : spec.gradientsOf()) {
            StridedArray gradient = planner.tape.gradient(planner.values.get(graph.tensor(name)));
            if (gradient != null) planner.outputs.put(name + GRADIENT, gradient);
        }
        return planner.plan(forward, seeds);
    }

    /** Suffix of the name of a tensor's gradient. */
    static final String GRADIENT = ".gradient";

    private OneDnnPlan plan(int forward, Map<String, StridedArray> seeds) {
        return new OneDnnPlan(batch, tape, forward, inputs, seeds, outputs, statistics);
    }

    private static long[] dims(Shape shape) {
        return shape.dims().stream().mapToLong(Integer::longValue).toArray();
    }

    private void forward(Graph graph, List<String> tensors) {
        for (String name : tensors) {
            requested.add(graph.tensor(name));
            markNeeded(graph.tensor(name), needed);
        }
        for (String name : gradientTensors) requested.add(graph.tensor(name));
        if (mode == Mode.TRAINING) {
            // Every batch norm updates its running statistics, even if its output is unused.
            for (Tensor t : graph.tensors()) if (t.op() instanceof ImageOp.BatchNorm) markNeeded(t, needed);
        }
        for (Tensor t : graph.tensors()) {
            if (needed.contains(t))
                for (Tensor in : t.inputs())
                    consumers.computeIfAbsent(in, any -> new ArrayList<>()).add(t);
        }
        if (!tape.isTraining()) for (Tensor t : needed) fusedMaps.addAll(fusableMaps(t));
        for (Tensor t : graph.tensors()) {
            if (!needed.contains(t) || fusedMaps.contains(t)) continue;
            TapeValue value = lower(t, t.op());
            List<Tensor> uses = consumers.getOrDefault(t, List.of());
            value.setUsedOnce(uses.size() == 1 && !requested.contains(t));
            if (!requested.contains(t) && tape.isTraining() && splitsInput(t, uses)) tape.splitGradient(value);
            values.put(t, value);
        }
        for (String name : tensors)
            outputs.put(name, values.get(graph.tensor(name)).array());
    }

    private static void markNeeded(Tensor t, Set<Tensor> needed) {
        if (needed.add(t)) for (Tensor input : t.inputs()) markNeeded(input, needed);
    }

    /** Attention probabilities back to the scores if only the weighted sum reads them; otherwise empty. */
    private List<Tensor> fusableMaps(Tensor sum) {
        if (!(sum.op() instanceof Op.WeightedSum)) return List.of();
        List<Tensor> maps = new ArrayList<>();
        for (Tensor t = sum.input(); ; t = t.input()) {
            if (requested.contains(t) || consumers.get(t).size() > 1) return List.of();
            maps.add(t);
            if (t.op() instanceof Op.AttentionScores) return maps;
            boolean passes = t.op() instanceof Op.Dropout && maps.size() == 1;
            if (!passes && !(t.op() instanceof Op.Softmax && t.input().op() instanceof Op.AttentionScores))
                return List.of();
        }
    }

    /** Returns true if the uses of a tensor are its split into heads (such as q, k and v), each part once. */
    private static boolean splitsInput(Tensor t, List<Tensor> uses) {
        Set<Integer> parts = new HashSet<>();
        int covered = 0;
        for (Tensor use : uses) {
            if (use.op() instanceof Op.SplitHeads split && split.parts() == uses.size()) {
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

    private TapeValue parameter(Tensor t, int index) {
        return index < t.parameters().size() ? parameter(t.parameters().get(index)) : null;
    }

    private TapeValue parameter(Parameter parameter) {
        return parameterArrays.computeIfAbsent(parameter.name(), name -> {
            INDArray array = parameters.array(name);
            PlannedBuffer memory =
                    PlannedBuffer.external(array.length(), array.data().address() + array.offset() * Float.BYTES);
            boolean trains = tape.isTraining() && gradients.containsKey(name);
            TapeValue value = new TapeValue(StridedArray.of(memory, 0, dims(parameter.shape())), trains, -1);
            if (trains) value.target(gradients.get(name));
            return value;
        });
    }

    /** A parameter as one row, [1, C]. */
    private TapeValue row(Tensor t, int index) {
        TapeValue parameter = parameter(t, index);
        return parameter == null
                ? null
                : tape.reshape(parameter, 1, parameter.array().size());
    }

    private long[] dims(Tensor t) {
        return t.shape().batched(batch);
    }

    private TapeValue rows(TapeValue x) {
        return tape.reshape(x, x.array().size() / x.array().last(), x.array().last());
    }

    private TapeValue examples(TapeValue x) {
        return tape.reshape(x, batch, x.array().size() / batch);
    }

    private TapeValue lower(Tensor t, Op op) {
        if (op instanceof Op.Input) return input(t);
        if (op instanceof Op.WeightedSum && fusedMaps.contains(t.input())) return attention(t);
        TapeValue x = values.get(t.input());
        if (op instanceof Op.Dense) {
            return tape.reshape(math.dense(rows(x), parameter(t, 0), row(t, 1)).setUsedOnce(true), dims(t));
        }
        if (op instanceof Op.Conv2d conv) return convs.convolution(x, parameter(t, 0), row(t, 1), conv, dims(t));
        if (op instanceof Op.LayerNorm norm) {
            TapeValue y = norm.epsilonOutside()
                    ? norms.channelNorm(rows(x), row(t, 0), row(t, 1), norm.epsilon())
                    : norms.layerNorm(rows(x), parameter(t, 0), parameter(t, 1), norm.epsilon());
            return tape.reshape(y.setUsedOnce(true), dims(t));
        }
        if (op instanceof Op.Activate activate) return math.eltwise(EltwiseFunction.of(activate.function()), x);
        if (op instanceof Op.Add) return sum(t);
        if (op instanceof Op.AddParameter) {
            return tape.reshape(math.add(examples(x), row(t, 0)).setUsedOnce(true), dims(t));
        }
        if (op instanceof Op.LayerScale) {
            return tape.reshape(math.mul(rows(x), row(t, 0)).setUsedOnce(true), dims(t));
        }
        if (op instanceof Op.LearnedTokens) {
            TapeValue one = new TapeValue(tape.ones(batch).swap(0, 1), false, -1);
            return tape.reshape(math.matmul(one, row(t, 0)).setUsedOnce(true), dims(t));
        }
        if (op instanceof Op.Concat concat) {
            List<TapeValue> parts = t.inputs().stream().map(values::get).toList();
            return tape.concat(concat.axis() + 1, parts);
        }
        if (op instanceof Op.Slice slice) return tape.slice(x, slice.axis() + 1, slice.from(), slice.to());
        if (op instanceof Op.Reshape) return tape.reshape(x, dims(t));
        if (op instanceof Op.Permute permute) {
            int[] axes = new int[permute.axes().size() + 1];
            for (int i = 1; i < axes.length; i++) axes[i] = permute.axes().get(i - 1) + 1;
            return tape.permute(x, axes);
        }
        if (op instanceof Op.SplitHeads split) return attention.splitHeads(x, split, t.dim(1), t.dim(2));
        if (op instanceof Op.MergeHeads) return tape.reshape(tape.permute(x, 0, 2, 1, 3), dims(t));
        if (op instanceof Op.AttentionScores scores) return attention.scores(x, secondInput(t), scores.scale());
        if (op instanceof Op.Softmax) return math.softmax(x);
        if (op instanceof Op.WeightedSum) return attention.weightedSum(x, secondInput(t));
        if (op instanceof Op.Mean mean) return tape.reshape(math.mean(x, mean.axis() + 1), dims(t));
        if (op instanceof Op.Scale scale) return math.eltwise(EltwiseFunction.linear(scale.factor(), 0), x);
        if (op instanceof Op.Dropout || op instanceof Op.DropPath || op instanceof Op.DropLayer) return drop(t, x);
        if (op instanceof ImageOp image) return imageOp(t, x, image);
        if (op instanceof HeadOp head) return headOp(t, x, head);
        throw new AssertionError(op);
    }

    private TapeValue attention(Tensor sum) {
        List<Tensor> maps = fusableMaps(sum);
        Tensor scores = maps.get(maps.size() - 1);
        double scale = ((Op.AttentionScores) scores.op()).scale();
        return attention.attention(values.get(scores.input()), secondInput(scores), secondInput(sum), scale);
    }

    private TapeValue secondInput(Tensor t) {
        return values.get(t.inputs().get(1));
    }

    private TapeValue input(Tensor t) {
        StridedArray array = StridedArray.temporary(dims(t));
        inputs.put(t.name(), array);
        return new TapeValue(array, tape.isTraining() && gradientTensors.contains(t.name()), -1);
    }

    private TapeValue sum(Tensor t) {
        TapeValue sum = null;
        for (Tensor input : t.inputs()) {
            TapeValue term = values.get(input);
            sum = sum == null ? term : math.add(sum, term);
        }
        return t.inputs().size() == 1 ? tape.reshape(sum, dims(t)) : sum;
    }

    private TapeValue drop(Tensor t, TapeValue x) {
        if (!tape.isTraining()) return tape.reshape(x, dims(t));
        TapeValue mask = mask(DropMaskSpecs.of(t).orElseThrow());
        if (t.op() instanceof Op.DropLayer drop) mask = tape.slice(mask, 1, drop.layer(), drop.layer() + 1);
        return tape.reshape(math.mul(examples(x), mask).setUsedOnce(true), dims(t));
    }

    private TapeValue mask(DropMask mask) {
        return masks.computeIfAbsent(mask.name(), name -> {
            StridedArray array = StridedArray.temporary(batch, mask.perExample());
            inputs.put(name, array);
            return new TapeValue(array, false, -1);
        });
    }

    private TapeValue imageOp(Tensor t, TapeValue x, ImageOp op) {
        if (op instanceof ImageOp.BatchNorm norm) return batchNorm(t, x, norm);
        if (op instanceof ImageOp.StandardizedConv2d conv) {
            Shape shape = t.parameters().get(0).shape();
            long filters = shape.last();
            TapeValue byFilter = tape.permute(tape.reshape(parameter(t, 0), shape.size() / filters, filters), 1, 0);
            TapeValue back = tape.dense(tape.permute(norms.standardize(byFilter, conv.epsilon()), 1, 0));
            Op.Conv2d plain = new Op.Conv2d(conv.filters(), conv.window(), 1, false);
            return convs.convolution(x, tape.reshape(back, dims(shape)), null, plain, dims(t));
        }
        if (op instanceof ImageOp.Pad pad) return convs.pad(x, pad, dims(t));
        if (op instanceof ImageOp.Unfold unfold) return convs.unfold(x, unfold.window(), dims(t));
        if (op instanceof ImageOp.MaxPool pool) return convs.maxPool(x, pool.window(), dims(t));
        if (op instanceof ImageOp.AvgPool pool) return convs.avgPool(x, pool, dims(t));
        if (op instanceof ImageOp.Resize) return convs.resize(x, dims(t));
        if (op instanceof ImageOp.GroupNorm norm) {
            TapeValue rows = rows(norms.standardizeGroups(x, norm.groups(), norm.epsilon()));
            return tape.reshape(math.add(math.mul(rows, row(t, 0)), row(t, 1)).setUsedOnce(true), dims(t));
        }
        throw new AssertionError(op);
    }

    private TapeValue batchNorm(Tensor t, TapeValue x, ImageOp.BatchNorm norm) {
        int axis = norm.axis() + 1;
        boolean last = axis == x.array().rank() - 1;
        long channels = x.array().dim(axis);
        long before = batch;
        for (int i = 1; i < axis; i++) before *= x.array().dim(i);
        long after = x.array().size() / before / channels;
        // In oneDNN's axis order, [N, C, H, W]; strides keep channels innermost if they are the last axis.
        TapeValue nchw = last
                ? tape.permute(tape.reshape(x, batch, before / batch, 1, channels), 0, 3, 1, 2)
                : tape.reshape(tape.dense(x), before, channels, after, 1);
        TapeValue y;
        if (mode == Mode.TRAINING) {
            String mean = t.parameters().get(2).name();
            String variance = t.parameters().get(3).name();
            outputs.put(mean, StridedArray.temporary(channels));
            outputs.put(variance, StridedArray.temporary(channels));
            long count = t.shape().size() / channels;
            statistics.add(new BatchStatistics(mean, variance, mean, variance, count, norm.momentum()));
            y = norms.batchNorm(
                    nchw, parameter(t, 0), parameter(t, 1), outputs.get(mean), outputs.get(variance), norm.epsilon());
        } else {
            Kernels.NormArguments n = new Kernels.NormArguments(
                    nchw.array(),
                    parameter(t, 0).array(),
                    parameter(t, 1).array(),
                    parameter(t, 2).array(),
                    parameter(t, 3).array(),
                    norm.epsilon());
            if (mode == Mode.FINE_TUNING) {
                TapeValue rows = last ? rows(x) : rows(tape.permute(tape.reshape(x, before, channels, after), 0, 2, 1));
                TapeValue affine = norms.frozenBatchNorm(rows, row(t, 0), row(t, 1), n);
                if (last) return tape.reshape(affine, dims(t));
                return tape.reshape(tape.permute(tape.reshape(affine, before, after, channels), 0, 2, 1), dims(t));
            }
            if (last) return norms.fusedBatchNormInference(x, n);
            y = norms.batchNormInference(nchw, n);
        }
        TapeValue back = last ? tape.permute(y.setUsedOnce(true), 0, 2, 3, 1) : y.setUsedOnce(true);
        return tape.reshape(back, dims(t));
    }

    private TapeValue headOp(Tensor t, TapeValue x, HeadOp op) {
        if (op instanceof HeadOp.MixHeads) return attention.mixHeads(x, parameter(t, 0), row(t, 1));
        if (op instanceof HeadOp.RelativeBias bias) return attention.relativeBias(x, parameter(t, 0), bias);
        if (op instanceof HeadOp.PerformerFeatures) {
            TapeValue features = attention.performerFeatures(rows(x), parameter(t, 0));
            return tape.reshape(features.setUsedOnce(true), dims(t));
        }
        if (op instanceof HeadOp.LinearAttention linear) {
            TapeValue v = values.get(t.inputs().get(2));
            return attention.linearAttention(x, secondInput(t), v, linear.epsilon());
        }
        if (op instanceof HeadOp.LastTokenQkv last)
            return attention.lastTokenQkv(x, parameter(t, 0), row(t, 1), last.width());
        throw new AssertionError(op);
    }
}
