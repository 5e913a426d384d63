package org.vit4j.samediff;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.array.SingleThreadArrayHolder;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.graph.Graph;
import org.vit4j.graph.HeadOp;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.Op;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Weight;

/**
 * The portable lowering: graph operations become stock ND4J ones, on any backend, for any batch size. It is the
 * definition of what a graph means.
 */
public final class Lowering {
    /** What the SameDiff graph is for: dropout exists in training only. */
    public enum Mode {
        INFERENCE,
        TRAINING,
        /** As training, but batch normalisations go by their running statistics, which stay as they are. */
        FINE_TUNING
    }

    private final SameDiff sd = SameDiff.create();
    private final Parameters parameters;
    private final Mode mode;
    private final DataType type;
    private final Map<String, Value> values = new HashMap<>();
    private final Map<String, SDVariable> weights = new HashMap<>();
    private final Map<String, SDVariable[]> parts = new HashMap<>();
    private final Map<String, SDVariable> stacks = new HashMap<>();
    private final List<String> inputs = new ArrayList<>();
    private final List<Lowered.Mask> masks = new ArrayList<>();
    private final Map<String, String> names = new LinkedHashMap<>();
    private final List<Lowered.Statistics> statistics = new ArrayList<>();
    private final Map<List<Object>, SDVariable> oneHots = new HashMap<>();
    private final Images images;
    private Layers layers;

    private Lowering(Parameters parameters, Mode mode) {
        this.parameters = parameters;
        this.mode = mode;
        this.type = parameters.trained().dataType();
        this.images = new Images(sd, type);
        // The default holder keeps a copy of every view; ours must see the live parameters.
        sd.setArrayHolders(new SingleThreadArrayHolder(), new SingleThreadArrayHolder(), false);
    }

    /** Lowers every tensor of the graph, in order. */
    public static Lowered lower(Graph graph, Parameters parameters, Mode mode) {
        Lowering lowering = new Lowering(parameters, mode);
        for (Weight weight : graph.weights()) lowering.weight(weight);
        for (Tensor tensor : graph.tensors()) lowering.tensor(tensor);
        return new Lowered(
                lowering.sd, graph, parameters, lowering.inputs, lowering.names, lowering.masks, lowering.statistics);
    }

    private void weight(Weight weight) {
        var array = parameters.array(weight.name());
        // Also what never trains: a constant may not change once it has been used, and weights are read from files.
        weights.put(weight.name(), sd.var(weight.name(), array));
    }

    private void tensor(Tensor t) {
        Value value = lower(t, t.op());
        values.put(t.name(), value);
        SDVariable variable = value.either();
        // Some tensors are their input seen otherwise: they share its variable. The others get the tensor's name.
        if (!names.containsValue(variable.name()) && !variable.name().equals(t.name())) {
            variable = sd.updateVariableNameAndReference(variable, t.name());
        }
        names.put(t.name(), variable.name());
    }

    private Value lower(Tensor t, Op op) {
        if (op instanceof Op.Input) return input(t);
        Value x = values.get(t.input().name());
        if (op instanceof Op.Dense) return rows(t, linear(t, x));
        if (op instanceof Op.Conv2d conv) return convolution(t, x, conv);
        if (op instanceof Op.LayerNorm norm) return layerNorm(t, x, norm);
        if (op instanceof Op.Activate activate) return like(t, x, layers.activate(activate.function(), x.either()));
        if (op instanceof Op.Add) return sum(t);
        if (op instanceof Op.AddLearned) return addLearned(t, x);
        if (op instanceof Op.ScaleLearned) {
            return rows(t, x.rows().mul(layers.rows(weight(t, 0), t.shape().last(), x.count())));
        }
        if (op instanceof Op.Tokens) {
            SDVariable tokens = layers.examples(weight(t, 0), t.shape().size());
            return whole(t, sd.reshape(tokens, t.shape().batched(-1)));
        }
        if (op instanceof Op.Concat concat) return whole(t, sd.concat(concat.axis() + 1, wholes(t)));
        if (op instanceof Op.Slice slice) return whole(t, slice(x, slice));
        if (op instanceof Op.Reshape) return reshape(t, x);
        if (op instanceof Op.Permute permute) return whole(t, permute(x.whole(), permute));
        if (op instanceof Op.SplitHeads split) return whole(t, splitHeads(t, x, split));
        if (op instanceof Op.MergeHeads) {
            return rows(
                    t,
                    sd.reshape(sd.permute(x.whole(), 0, 2, 1, 3), -1, t.shape().last()));
        }
        if (op instanceof Op.Scores scores) {
            // Scaling the queries is cheaper than scaling the scores.
            return whole(t, sd.mmul(x.whole().mul(scores.scale()), second(t).whole(), false, true, false));
        }
        if (op instanceof Op.Softmax) return whole(t, sd.nn().softmax(x.whole(), -1));
        if (op instanceof Op.Mix) return whole(t, sd.mmul(x.whole(), second(t).whole()));
        if (op instanceof Op.Mean mean) return whole(t, x.whole().mean(false, mean.axis() + 1));
        if (op instanceof Op.Scale scale) return like(t, x, x.either().mul(scale.factor()));
        if (op instanceof Op.Dropout drop) return mode == Mode.INFERENCE ? x : dropout(t, x, drop.rate());
        if (op instanceof Op.DropPath drop) return mode == Mode.INFERENCE ? x : dropPath(t, x, drop.rate());
        if (op instanceof Op.DropLayer drop) return mode == Mode.INFERENCE ? x : dropLayer(t, x, drop);
        if (op instanceof ImageOp image) return image(t, x, image);
        if (op instanceof HeadOp head) return head(t, x, head);
        throw new AssertionError(op);
    }

    private Value image(Tensor t, Value x, ImageOp op) {
        if (op instanceof ImageOp.BatchNorm norm) return batchNorm(t, x, norm);
        if (op instanceof ImageOp.StandardizedConv2d conv) {
            SDVariable kernel =
                    layers.standardized(weight(t, 0), t.weights().get(0).shape(), conv.epsilon());
            return whole(
                    t,
                    images.convolution(
                            x.whole(), x.shape(), kernel, new Op.Conv2d(conv.filters(), conv.window(), 1, false)));
        }
        if (op instanceof ImageOp.GroupNorm norm) {
            return rows(t, layers.groupNorm(x.whole(), x.shape(), weight(t, 0), weight(t, 1), norm));
        }
        if (op instanceof ImageOp.Pad pad) return whole(t, images.pad(x.whole(), pad));
        if (op instanceof ImageOp.Unfold unfold)
            return rows(t, images.unfold(x.whole(), t.shape().last(), unfold.window()));
        if (op instanceof ImageOp.MaxPool pool) return whole(t, images.maxPool(x.whole(), pool.window()));
        if (op instanceof ImageOp.AvgPool pool) return whole(t, images.avgPool(x.whole(), x.shape(), t.shape(), pool));
        if (op instanceof ImageOp.Resize) return whole(t, images.resize(x.whole(), x.shape(), t.shape()));
        throw new AssertionError(op);
    }

    private Value head(Tensor t, Value x, HeadOp op) {
        if (op instanceof HeadOp.MixHeads) return whole(t, mixHeads(t, x));
        if (op instanceof HeadOp.RelativeBias bias) return whole(t, relativeBias(t, x, bias));
        if (op instanceof HeadOp.PerformerFeatures features) {
            return rows(t, layers.performerFeatures(x.rows(), x.shape().last(), weight(t, 0), features.features()));
        }
        if (op instanceof HeadOp.LastQuery last) return whole(t, lastQuery(t, x, last.width()));
        if (op instanceof HeadOp.LinearAttention linear) {
            SDVariable v = values.get(t.inputs().get(2).name()).whole();
            return whole(
                    t,
                    layers.linearAttention(
                            x.whole(),
                            second(t).whole(),
                            v,
                            x.shape(),
                            t.shape().last(),
                            linear));
        }
        throw new AssertionError(op);
    }

    private SDVariable lastQuery(Tensor t, Value x, int width) {
        int tokens = x.shape().dim(0);
        SDVariable last = slice(x, new Op.Slice(0, tokens - 1, tokens));
        SDVariable[] parts = new SDVariable[3];
        for (int i = 0; i < 3; i++) {
            int count = i == 0 ? 1 : tokens;
            SDVariable rows = i == 0 ? sd.reshape(last, -1, x.shape().last()) : x.rows();
            int[] from = {0, i * width};
            SDVariable y = sd.mmul(rows, sd.slice(weight(t, 0), from, -1, width));
            if (t.weights().size() == 2) {
                SDVariable bias = sd.slice(weight(t, 1), new int[] {i * width}, width);
                y = y.add(layers.rows(bias, width, count));
            }
            parts[i] = sd.reshape(y, -1, count, width);
        }
        return sd.concat(1, parts);
    }

    private SDVariable mixHeads(Tensor t, Value x) {
        long from = x.shape().dim(0), to = t.dim(0), tokens = t.dim(1), sources = t.dim(2);
        SDVariable rows = sd.reshape(sd.permute(x.whole(), 0, 2, 3, 1), -1, from);
        SDVariable mixed = sd.mmul(rows, weight(t, 0));
        if (t.weights().size() == 2) mixed = mixed.add(layers.rows(weight(t, 1), to, tokens * sources));
        return sd.permute(sd.reshape(mixed, -1, tokens, sources, to), 0, 3, 1, 2);
    }

    /**
     * ND4J's gather has a wrong gradient; products with one-hot matrices look up and are exact. Columns and then rows, for a
     * matrix of all places at once is as large as a batch of a thousand scores.
     */
    private SDVariable relativeBias(Tensor t, Value x, HeadOp.RelativeBias bias) {
        int h = bias.height(), w = bias.width();
        long qh = bias.asking(h), qw = bias.asking(w);
        SDVariable table = sd.reshape(weight(t, 0), -1, w); // [H * h, w]
        SDVariable columns = sd.mmul(table, oneHot(bias.apart(w), w, 1)); // [H * h, qw * w]
        SDVariable turned = sd.permute(sd.reshape(columns, -1, h, qw * w), 0, 2, 1);
        SDVariable rows = sd.mmul(sd.reshape(turned, -1, h), oneHot(bias.apart(h), h, bias.factor())); // [.., qh * h]
        SDVariable places = sd.permute(sd.reshape(rows, -1, qw, w, qh, h), 0, 3, 1, 4, 2); // [H, qh, qw, h, w]
        return x.whole().add(sd.reshape(places, t.shape().batched(1)));
    }

    /** [cells, n]: {@code factor} where column i has its place. */
    private SDVariable oneHot(int[] places, int cells, double factor) {
        return oneHots.computeIfAbsent(List.of(IntStream.of(places).boxed().toList(), factor), any -> {
            INDArray matrix = Nd4j.zeros(type, cells, places.length);
            for (int i = 0; i < places.length; i++) matrix.putScalar(places[i], i, factor);
            return sd.constant(matrix);
        });
    }

    private Value input(Tensor t) {
        SDVariable placeholder = sd.placeHolder(t.name(), type, t.shape().batched(-1));
        if (layers == null) layers = new Layers(sd, placeholder, t.shape().rank() + 1, type);
        inputs.add(t.name());
        return whole(t, placeholder);
    }

    private SDVariable linear(Tensor t, Value x) {
        SDVariable product = sd.mmul(x.rows(), weight(t, 0));
        return t.weights().size() == 1
                ? product
                : product.add(layers.rows(weight(t, 1), t.shape().last(), x.count()));
    }

    private Value convolution(Tensor t, Value x, Op.Conv2d conv) {
        SDVariable y = images.convolution(x.whole(), x.shape(), weight(t, 0), conv);
        if (t.weights().size() == 1) return whole(t, y);
        long filters = t.shape().last();
        SDVariable bias = layers.rows(weight(t, 1), filters, t.shape().size() / filters);
        return rows(t, sd.reshape(y, -1, filters).add(bias));
    }

    private Value batchNorm(Tensor t, Value x, ImageOp.BatchNorm norm) {
        int last = t.shape().rank() - 1;
        if (norm.axis() == last) return rows(t, normalised(t, x.rows(), x.count(), norm));
        // The axis to keep goes to the end and back.
        int[] there = swapped(last + 2, norm.axis() + 1, last + 1);
        long width = t.dim(norm.axis());
        SDVariable rows = sd.reshape(sd.permute(x.whole(), there), -1, width);
        Shape turned = t.shape().with(norm.axis(), t.shape().last()).with(last, (int) width);
        SDVariable y = normalised(t, rows, t.shape().size() / width, norm);
        return whole(t, sd.permute(sd.reshape(y, turned.batched(-1)), there));
    }

    private SDVariable normalised(Tensor t, SDVariable rows, long count, ImageOp.BatchNorm norm) {
        long width = t.dim(norm.axis());
        if (mode != Mode.TRAINING) {
            return layers.affine(
                    rows, width, count, weight(t, 0), weight(t, 1), weight(t, 2), weight(t, 3), norm.epsilon());
        }
        Layers.Normalised y = layers.batchNorm(rows, width, count, weight(t, 0), weight(t, 1), norm.epsilon());
        statistics.add(new Lowered.Statistics(
                t.weights().get(2).name(),
                t.weights().get(3).name(),
                y.mean().name(),
                y.variance().name(),
                count,
                norm.momentum()));
        return y.output();
    }

    private static int[] swapped(int rank, int a, int b) {
        int[] axes = java.util.stream.IntStream.range(0, rank).toArray();
        axes[a] = b;
        axes[b] = a;
        return axes;
    }

    private Value layerNorm(Tensor t, Value x, Op.LayerNorm norm) {
        long width = t.shape().last();
        return rows(t, layers.layerNorm(x.rows(), width, x.count(), weight(t, 0), weight(t, 1), norm));
    }

    private Value sum(Tensor t) {
        boolean allRows =
                t.inputs().stream().allMatch(input -> values.get(input.name()).hasRows());
        SDVariable sum = null;
        for (Tensor input : t.inputs()) {
            Value value = values.get(input.name());
            SDVariable term = allRows ? value.rows() : value.whole();
            sum = sum == null ? term : sum.add(term);
        }
        return allRows ? rows(t, sum) : whole(t, sum);
    }

    private Value addLearned(Tensor t, Value x) {
        // Broadcasting over the leading axis alone is cheap, forward and backward.
        return whole(t, x.whole().add(sd.reshape(weight(t, 0), t.shape().batched(1))));
    }

    private SDVariable slice(Value x, Op.Slice slice) {
        int[] begin = new int[x.shape().rank() + 1];
        int[] size = new int[x.shape().rank() + 1];
        java.util.Arrays.fill(size, -1);
        begin[slice.axis() + 1] = slice.from();
        size[slice.axis() + 1] = slice.to() - slice.from();
        return sd.slice(x.whole(), begin, size);
    }

    private Value reshape(Tensor t, Value x) {
        // The same rows, other axes in front of them: nothing to do for a layer that works row by row.
        if (t.shape().last() == x.shape().last()) return rows(t, x.rows());
        return whole(t, sd.reshape(x.either(), t.shape().batched(-1)));
    }

    private SDVariable permute(SDVariable x, Op.Permute permute) {
        int[] axes = new int[permute.axes().size() + 1];
        for (int i = 1; i < axes.length; i++) axes[i] = permute.axes().get(i - 1) + 1;
        return sd.permute(x, axes);
    }

    /** One permutation serves q, k and v: [B * T, parts * H * d] -> parts x [B, H, T, d]. */
    private SDVariable splitHeads(Tensor t, Value x, Op.SplitHeads split) {
        long tokens = t.dim(1);
        long width = t.dim(2);
        if (split.parts() == 1) {
            return sd.permute(sd.reshape(x.rows(), -1, tokens, split.heads(), width), 0, 2, 1, 3);
        }
        String key = t.input().name() + "/" + split.heads() + "/" + split.parts();
        return parts.computeIfAbsent(key, any -> {
            SDVariable cut = sd.reshape(x.rows(), -1, tokens, split.parts(), split.heads(), width);
            return sd.unstack(sd.permute(cut, 2, 0, 3, 1, 4), 0, split.parts());
        })[split.part()];
    }

    private Value dropout(Tensor t, Value x, double rate) {
        SDVariable mask = sd.placeHolder(t.name() + ".mask", type, t.shape().batched(-1));
        masks.add(new Lowered.Mask(mask.name(), t.shape(), rate, false));
        return whole(t, x.whole().mul(mask));
    }

    private Value dropPath(Tensor t, Value x, double rate) {
        SDVariable mask = sd.placeHolder(t.name() + ".mask", type, -1, 1);
        masks.add(new Lowered.Mask(mask.name(), Shape.of(1), rate, false));
        return masked(t, x, mask);
    }

    /** One mask for a whole stack, [B, layers]: its branches share it, and the layers are drawn together. */
    private Value dropLayer(Tensor t, Value x, Op.DropLayer drop) {
        SDVariable stack = stacks.computeIfAbsent(drop.stack(), name -> {
            masks.add(new Lowered.Mask(name + ".mask", Shape.of(drop.layers()), drop.rate(), true));
            return sd.placeHolder(name + ".mask", type, -1, drop.layers());
        });
        return masked(t, x, sd.slice(stack, new int[] {0, drop.layer()}, -1, 1));
    }

    /** Times one number an example, [B, 1]. */
    private Value masked(Tensor t, Value x, SDVariable mask) {
        SDVariable wide =
                sd.reshape(layers.expand(mask, t.shape().size()), -1, t.shape().last());
        return rows(t, x.rows().mul(wide));
    }

    private SDVariable weight(Tensor t, int index) {
        return weights.get(t.weights().get(index).name());
    }

    private Value second(Tensor t) {
        return values.get(t.inputs().get(1).name());
    }

    private SDVariable[] wholes(Tensor t) {
        return t.inputs().stream()
                .map(input -> values.get(input.name()).whole())
                .toArray(SDVariable[]::new);
    }

    private Value rows(Tensor t, SDVariable variable) {
        return Value.rows(sd, t.shape(), variable);
    }

    private Value whole(Tensor t, SDVariable variable) {
        return Value.whole(sd, t.shape(), variable);
    }

    private Value like(Tensor t, Value x, SDVariable variable) {
        return x.hasRows() ? rows(t, variable) : whole(t, variable);
    }
}
