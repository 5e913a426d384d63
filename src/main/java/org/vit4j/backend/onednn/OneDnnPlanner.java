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
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.samediff.SameDiffGraph;
import org.vit4j.backend.samediff.SameDiffLowering;
import org.vit4j.graph.Graph;
import org.vit4j.graph.HeadOp;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.Op;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;

/**
 * The accelerated lowering: draws up the {@link OneDnnPlan} of a graph for one batch size on oneDNN's kernels. What it makes
 * of an operation must equal what {@link SameDiffLowering} makes of it.
 */
final class OneDnnPlanner {
    private final ParameterStore parameters;
    private final SameDiffLowering.Mode mode;
    private final long batch;
    private final Tape tape;
    private final MatmulOps maths;
    private final NormOps norms;
    private final ConvOps pictures;
    private final AttentionOps attentions;
    private final Set<Tensor> needed = new HashSet<>();
    private final Set<Tensor> wanted = new HashSet<>();
    private final Map<Tensor, List<Tensor>> uses = new HashMap<>();
    /** Attention maps that nobody reads: made and used block by block, never whole. */
    private final Set<Tensor> inside = new HashSet<>();

    private final Map<Tensor, TapeValue> values = new HashMap<>();
    private final Map<String, TapeValue> parameterArrays = new HashMap<>();
    private final Map<String, StridedArray> inputs = new LinkedHashMap<>();
    private final Map<String, TapeValue> masks = new LinkedHashMap<>();
    private final Map<String, StridedArray> outputs = new LinkedHashMap<>();
    private final List<SameDiffGraph.BatchStatistics> statistics = new ArrayList<>();
    private final Map<String, TapeValue.GradientTarget> gradients;
    private final Set<String> by;

    private OneDnnPlanner(
            ParameterStore parameters,
            SameDiffLowering.Mode mode,
            long batch,
            PackedWeights packed,
            Map<String, TapeValue.GradientTarget> gradients,
            Collection<String> by) {
        this.parameters = parameters;
        this.mode = mode;
        this.batch = batch;
        this.gradients = gradients;
        this.by = Set.copyOf(by);
        this.tape = new Tape(mode != SameDiffLowering.Mode.INFERENCE, packed);
        this.maths = new MatmulOps(tape);
        this.norms = new NormOps(tape, maths);
        this.pictures = new ConvOps(tape, maths);
        this.attentions = new AttentionOps(tape, maths, batch);
    }

    /**
     * A plan that makes some tensors of the graph; they are its outputs by name.
     *
     * @param packed kernels of parameters that stay as they are; null when they may change
     */
    static OneDnnPlan inference(
            Graph graph, ParameterStore parameters, PackedWeights packed, long batch, List<String> tensors) {
        OneDnnPlanner planner =
                new OneDnnPlanner(parameters, SameDiffLowering.Mode.INFERENCE, batch, packed, Map.of(), List.of());
        planner.forward(graph, tensors);
        return planner.plan(planner.tape.steps().size(), Map.of());
    }

    /**
     * A plan with both passes.
     *
     * @param tensors to be read between the passes
     * @param seeded those of them whose gradient the loss gives: {@code name + GRADIENT}, set between the passes
     * @param flat takes the gradient of each trained weight, laid out like {@link ParameterStore#trainable}
     * @param wanted says by which tensors too, outputs {@code name + GRADIENT}, and by which weights not
     */
    static OneDnnPlan training(
            Graph graph,
            ParameterStore parameters,
            SameDiffLowering.Mode mode,
            long batch,
            List<String> tensors,
            List<String> seeded,
            INDArray flat,
            GradientStep.GradientSpec wanted) {
        Map<String, TapeValue.GradientTarget> places = GradientTargets.of(parameters, flat);
        Map<String, TapeValue.GradientTarget> learning = new HashMap<>(places);
        learning.keySet().removeAll(wanted.frozen());
        OneDnnPlanner planner = new OneDnnPlanner(parameters, mode, batch, null, learning, wanted.gradientsOf());
        planner.forward(graph, tensors);
        int forward = planner.tape.steps().size();
        Map<String, StridedArray> seeds = new LinkedHashMap<>();
        for (String name : seeded) {
            TapeValue value = planner.values.get(graph.tensor(name));
            StridedArray seed = StridedArray.fresh(value.array().dims());
            seeds.put(name + GRADIENT, seed);
            planner.tape.accumulate(value, seed, false);
        }
        planner.tape.backward();
        // Whoever took the gradient of the run before may have written over it.
        places.values().forEach(planner.tape::zeroFill);
        for (String name : wanted.gradientsOf()) {
            StridedArray gradient = planner.tape.gradient(planner.values.get(graph.tensor(name)));
            if (gradient != null) planner.outputs.put(name + GRADIENT, gradient);
        }
        return planner.plan(forward, seeds);
    }

    /** What the gradient by a tensor is called. */
    static final String GRADIENT = ".gradient";

    private OneDnnPlan plan(int forward, Map<String, StridedArray> seeds) {
        return new OneDnnPlan(tape, forward, inputs, seeds, outputs, statistics);
    }

    private static long[] dims(Shape shape) {
        return shape.dims().stream().mapToLong(Integer::longValue).toArray();
    }

    private void forward(Graph graph, List<String> tensors) {
        for (String name : tensors) {
            wanted.add(graph.tensor(name));
            need(graph.tensor(name), needed);
        }
        for (String name : by) wanted.add(graph.tensor(name));
        if (mode == SameDiffLowering.Mode.TRAINING) {
            // Their running statistics move whether or not anybody reads what they make.
            for (Tensor t : graph.tensors()) if (t.op() instanceof ImageOp.BatchNorm) need(t, needed);
        }
        for (Tensor t : graph.tensors()) {
            if (needed.contains(t))
                for (Tensor in : t.inputs())
                    uses.computeIfAbsent(in, any -> new ArrayList<>()).add(t);
        }
        if (!tape.isTraining()) for (Tensor t : needed) inside.addAll(mapsOf(t));
        for (Tensor t : graph.tensors()) {
            if (!needed.contains(t) || inside.contains(t)) continue;
            TapeValue value = lower(t, t.op());
            List<Tensor> by = uses.getOrDefault(t, List.of());
            value.usedOnce(by.size() == 1 && !wanted.contains(t));
            if (!wanted.contains(t) && tape.isTraining() && splitsInput(t, by)) tape.splitGradient(value);
            values.put(t, value);
        }
        for (String name : tensors)
            outputs.put(name, values.get(graph.tensor(name)).array());
    }

    private static void need(Tensor t, Set<Tensor> needed) {
        if (needed.add(t)) for (Tensor input : t.inputs()) need(input, needed);
    }

    /** From the weights of a mix back to its scores, when nothing but the mix reads any of them; else empty. */
    private List<Tensor> mapsOf(Tensor mix) {
        if (!(mix.op() instanceof Op.WeightedSum)) return List.of();
        List<Tensor> maps = new ArrayList<>();
        for (Tensor t = mix.input(); ; t = t.input()) {
            if (wanted.contains(t) || uses.get(t).size() > 1) return List.of();
            maps.add(t);
            if (t.op() instanceof Op.AttentionScores) return maps;
            boolean passes = t.op() instanceof Op.Dropout && maps.size() == 1;
            if (!passes && !(t.op() instanceof Op.Softmax && t.input().op() instanceof Op.AttentionScores))
                return List.of();
        }
    }

    /** Whether the uses of a tensor are its q, k and v, each once, or slices that lie side by side. */
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

    private TapeValue parameter(Parameter weight) {
        return parameterArrays.computeIfAbsent(weight.name(), name -> {
            INDArray array = parameters.array(name);
            PlannedBuffer memory =
                    PlannedBuffer.external(array.length(), array.data().address() + array.offset() * Float.BYTES);
            boolean trains = tape.isTraining() && gradients.containsKey(name);
            TapeValue node = new TapeValue(StridedArray.of(memory, 0, dims(weight.shape())), trains, -1);
            if (trains) node.target(gradients.get(name));
            return node;
        });
    }

    /** A weight as one row [1, C]. */
    private TapeValue row(Tensor t, int index) {
        TapeValue weight = parameter(t, index);
        return weight == null ? null : tape.reshape(weight, 1, weight.array().size());
    }

    private long[] out(Tensor t) {
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
        if (op instanceof Op.WeightedSum && inside.contains(t.input())) return attention(t);
        TapeValue x = values.get(t.input());
        if (op instanceof Op.Dense) {
            return tape.reshape(maths.dense(rows(x), parameter(t, 0), row(t, 1)).usedOnce(true), out(t));
        }
        if (op instanceof Op.Conv2d conv) return pictures.convolution(x, parameter(t, 0), row(t, 1), conv, out(t));
        if (op instanceof Op.LayerNorm norm) {
            TapeValue y = norm.outside()
                    ? norms.channelNorm(rows(x), row(t, 0), row(t, 1), norm.epsilon())
                    : norms.layerNorm(rows(x), parameter(t, 0), parameter(t, 1), norm.epsilon());
            return tape.reshape(y.usedOnce(true), out(t));
        }
        if (op instanceof Op.Activate activate) return maths.eltwise(EltwiseFunction.of(activate.function()), x);
        if (op instanceof Op.Add) return sum(t);
        if (op instanceof Op.AddParameter) {
            return tape.reshape(maths.add(examples(x), row(t, 0)).usedOnce(true), out(t));
        }
        if (op instanceof Op.LayerScale) {
            return tape.reshape(maths.mul(rows(x), row(t, 0)).usedOnce(true), out(t));
        }
        if (op instanceof Op.LearnedTokens) {
            TapeValue one = new TapeValue(tape.ones(batch).swap(0, 1), false, -1);
            return tape.reshape(maths.matmul(one, row(t, 0)).usedOnce(true), out(t));
        }
        if (op instanceof Op.Concat concat) {
            return tape.concat(
                    concat.axis() + 1, t.inputs().stream().map(values::get).toList());
        }
        if (op instanceof Op.Slice slice) return tape.slice(x, slice.axis() + 1, slice.from(), slice.to());
        if (op instanceof Op.Reshape) return tape.reshape(x, out(t));
        if (op instanceof Op.Permute permute) {
            int[] axes = new int[permute.axes().size() + 1];
            for (int i = 1; i < axes.length; i++) axes[i] = permute.axes().get(i - 1) + 1;
            return tape.permute(x, axes);
        }
        if (op instanceof Op.SplitHeads split) return attentions.splitHeads(x, split, t.dim(1), t.dim(2));
        if (op instanceof Op.MergeHeads) return tape.reshape(tape.permute(x, 0, 2, 1, 3), out(t));
        if (op instanceof Op.AttentionScores scores) return attentions.scores(x, second(t), scores.scale());
        if (op instanceof Op.Softmax) return maths.softmax(x);
        if (op instanceof Op.WeightedSum) return attentions.weightedSum(x, second(t));
        if (op instanceof Op.Mean mean) return tape.reshape(maths.mean(x, mean.axis() + 1), out(t));
        if (op instanceof Op.Scale scale) return maths.eltwise(EltwiseFunction.linear(scale.factor(), 0), x);
        if (op instanceof Op.Dropout || op instanceof Op.DropPath || op instanceof Op.DropLayer) return drop(t, x);
        if (op instanceof ImageOp image) return image(t, x, image);
        if (op instanceof HeadOp head) return head(t, x, head);
        throw new AssertionError(op);
    }

    private TapeValue attention(Tensor mix) {
        List<Tensor> maps = mapsOf(mix);
        Tensor scores = maps.get(maps.size() - 1);
        double scale = ((Op.AttentionScores) scores.op()).scale();
        return attentions.attention(values.get(scores.input()), second(scores), second(mix), scale);
    }

    private TapeValue second(Tensor t) {
        return values.get(t.inputs().get(1));
    }

    private TapeValue input(Tensor t) {
        StridedArray array = StridedArray.fresh(out(t));
        inputs.put(t.name(), array);
        return new TapeValue(array, tape.isTraining() && by.contains(t.name()), -1);
    }

    private TapeValue sum(Tensor t) {
        TapeValue sum = null;
        for (Tensor input : t.inputs()) {
            TapeValue term = values.get(input);
            sum = sum == null ? term : maths.add(sum, term);
        }
        return t.inputs().size() == 1 ? tape.reshape(sum, out(t)) : sum;
    }

    private TapeValue drop(Tensor t, TapeValue x) {
        if (!tape.isTraining()) return tape.reshape(x, out(t));
        TapeValue mask = mask(DropMaskSpecs.of(t).orElseThrow());
        if (t.op() instanceof Op.DropLayer drop) mask = tape.slice(mask, 1, drop.layer(), drop.layer() + 1);
        return tape.reshape(maths.mul(examples(x), mask).usedOnce(true), out(t));
    }

    private TapeValue mask(SameDiffGraph.DropMask mask) {
        return masks.computeIfAbsent(mask.name(), name -> {
            StridedArray array = StridedArray.fresh(batch, mask.perExample());
            inputs.put(name, array);
            return new TapeValue(array, false, -1);
        });
    }

    private TapeValue image(Tensor t, TapeValue x, ImageOp op) {
        if (op instanceof ImageOp.BatchNorm norm) return batchNorm(t, x, norm);
        if (op instanceof ImageOp.StandardizedConv2d conv) {
            Shape shape = t.parameters().get(0).shape();
            long filters = shape.last();
            TapeValue byFilter = tape.permute(tape.reshape(parameter(t, 0), shape.size() / filters, filters), 1, 0);
            TapeValue back = tape.dense(tape.permute(norms.standardize(byFilter, conv.epsilon()), 1, 0));
            Op.Conv2d plain = new Op.Conv2d(conv.filters(), conv.window(), 1, false);
            return pictures.convolution(x, tape.reshape(back, dims(shape)), null, plain, out(t));
        }
        if (op instanceof ImageOp.Pad pad) return pictures.pad(x, pad, out(t));
        if (op instanceof ImageOp.Unfold unfold) return pictures.unfold(x, unfold.window(), out(t));
        if (op instanceof ImageOp.MaxPool pool) return pictures.maxPool(x, pool.window(), out(t));
        if (op instanceof ImageOp.AvgPool pool) return pictures.avgPool(x, pool, out(t));
        if (op instanceof ImageOp.Resize) return pictures.resize(x, out(t));
        if (op instanceof ImageOp.GroupNorm norm) {
            TapeValue rows = rows(norms.groups(x, norm.groups(), norm.epsilon()));
            return tape.reshape(maths.add(maths.mul(rows, row(t, 0)), row(t, 1)).usedOnce(true), out(t));
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
        // As oneDNN counts axes: [N, C, H, W], the channels innermost where they are the last axis.
        TapeValue seen = last
                ? tape.permute(tape.reshape(x, batch, before / batch, 1, channels), 0, 3, 1, 2)
                : tape.reshape(tape.dense(x), before, channels, after, 1);
        TapeValue y;
        if (mode == SameDiffLowering.Mode.TRAINING) {
            String mean = t.parameters().get(2).name();
            String variance = t.parameters().get(3).name();
            outputs.put(mean, StridedArray.fresh(channels));
            outputs.put(variance, StridedArray.fresh(channels));
            long count = t.shape().size() / channels;
            statistics.add(new SameDiffGraph.BatchStatistics(mean, variance, mean, variance, count, norm.momentum()));
            y = norms.batchNorm(
                    seen, parameter(t, 0), parameter(t, 1), outputs.get(mean), outputs.get(variance), norm.epsilon());
        } else {
            Kernels.NormArguments n = new Kernels.NormArguments(
                    seen.array(),
                    parameter(t, 0).array(),
                    parameter(t, 1).array(),
                    parameter(t, 2).array(),
                    parameter(t, 3).array(),
                    norm.epsilon());
            if (mode == SameDiffLowering.Mode.FINE_TUNING) {
                TapeValue rows = last ? rows(x) : rows(tape.permute(tape.reshape(x, before, channels, after), 0, 2, 1));
                TapeValue affine = norms.frozen(rows, row(t, 0), row(t, 1), n);
                if (last) return tape.reshape(affine, out(t));
                return tape.reshape(tape.permute(tape.reshape(affine, before, after, channels), 0, 2, 1), out(t));
            }
            if (last) return norms.runningLast(x, n);
            y = norms.running(seen, n);
        }
        TapeValue back = last ? tape.permute(y.usedOnce(true), 0, 2, 3, 1) : y.usedOnce(true);
        return tape.reshape(back, out(t));
    }

    private TapeValue head(Tensor t, TapeValue x, HeadOp op) {
        if (op instanceof HeadOp.MixHeads) return attentions.mixHeads(x, parameter(t, 0), row(t, 1));
        if (op instanceof HeadOp.RelativeBias bias) return attentions.relativeBias(x, parameter(t, 0), bias);
        if (op instanceof HeadOp.PerformerFeatures) {
            return tape.reshape(
                    attentions.performerFeatures(rows(x), parameter(t, 0)).usedOnce(true), out(t));
        }
        if (op instanceof HeadOp.LinearAttention linear) {
            TapeValue v = values.get(t.inputs().get(2));
            return attentions.linearAttention(x, second(t), v, linear.epsilon());
        }
        if (op instanceof HeadOp.LastTokenQkv last)
            return attentions.lastTokenQkv(x, parameter(t, 0), row(t, 1), last.width());
        throw new AssertionError(op);
    }
}
