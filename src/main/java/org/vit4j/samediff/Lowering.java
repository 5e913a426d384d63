package org.vit4j.samediff;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.array.SingleThreadArrayHolder;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Op;
import org.vit4j.graph.Role;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Weight;
import org.vit4j.graph.Window;

/**
 * The portable lowering: graph operations become stock ND4J ones, on any backend, for any batch size. It is the
 * definition of what a graph means.
 */
public final class Lowering {
    /** What the SameDiff graph is for: dropout exists in training only. */
    public enum Mode {
        INFERENCE,
        TRAINING
    }

    /**
     * A lowered tensor in one or both of its forms: rows [B * T, D] for layers that work token by token, or whole
     * [B, ..]. The other form is made when it is asked for; a reshape copies, so it is not made twice.
     */
    private final class Value {
        private final Shape shape;
        private SDVariable rows;
        private SDVariable whole;

        Value(Shape shape, SDVariable rows, SDVariable whole) {
            this.shape = shape;
            this.rows = rows;
            this.whole = whole;
        }

        SDVariable rows() {
            if (rows == null) rows = shape.rank() == 1 ? whole : sd.reshape(whole, -1, shape.last());
            return rows;
        }

        SDVariable whole() {
            if (whole == null) whole = shape.rank() == 1 ? rows : sd.reshape(rows, shape.batched(-1));
            return whole;
        }

        SDVariable either() {
            return rows != null ? rows : whole;
        }

        long count() {
            return shape.size() / shape.last();
        }
    }

    private final SameDiff sd = SameDiff.create();
    private final Parameters parameters;
    private final Mode mode;
    private final DataType type;
    private final Map<String, Value> values = new HashMap<>();
    private final Map<String, SDVariable> weights = new HashMap<>();
    private final Map<String, SDVariable[]> parts = new HashMap<>();
    private final List<String> inputs = new ArrayList<>();
    private final List<Lowered.Mask> masks = new ArrayList<>();
    private final Map<String, String> names = new LinkedHashMap<>();
    private Layers layers;

    private Lowering(Parameters parameters, Mode mode) {
        this.parameters = parameters;
        this.mode = mode;
        this.type = parameters.trained().dataType();
        // The default holder keeps a copy of every view; ours must see the live parameters.
        sd.setArrayHolders(new SingleThreadArrayHolder(), new SingleThreadArrayHolder(), false);
    }

    /** Lowers every tensor of the graph, in order. */
    public static Lowered lower(Graph graph, Parameters parameters, Mode mode) {
        Lowering lowering = new Lowering(parameters, mode);
        for (Weight weight : graph.weights()) lowering.weight(weight);
        for (Tensor tensor : graph.tensors()) lowering.tensor(tensor);
        return new Lowered(lowering.sd, graph, parameters, lowering.inputs, lowering.names, lowering.masks);
    }

    private void weight(Weight weight) {
        var array = parameters.array(weight.name());
        boolean fixed = weight.role() == Role.FIXED;
        weights.put(weight.name(), fixed ? sd.constant(weight.name(), array) : sd.var(weight.name(), array));
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
        throw new AssertionError(op);
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
        Window w = conv.window();
        Conv2DConfig config = Conv2DConfig.builder()
                .kH(w.kernelHeight())
                .kW(w.kernelWidth())
                .sH(w.strideHeight())
                .sW(w.strideWidth())
                .pH(w.padHeight())
                .pW(w.padWidth())
                .dH(w.dilation())
                .dW(w.dilation())
                .dataFormat("NHWC")
                .build();
        SDVariable y = sd.cnn().conv2d(x.whole(), weight(t, 0), config);
        if (t.weights().size() == 1) return whole(t, y);
        long filters = t.shape().last();
        SDVariable bias = layers.rows(weight(t, 1), filters, t.shape().size() / filters);
        return rows(t, sd.reshape(y, -1, filters).add(bias));
    }

    private Value layerNorm(Tensor t, Value x, Op.LayerNorm norm) {
        long width = t.shape().last();
        return rows(t, layers.layerNorm(x.rows(), width, x.count(), weight(t, 0), weight(t, 1), norm.epsilon()));
    }

    private Value sum(Tensor t) {
        boolean allRows = t.inputs().stream().allMatch(input -> values.get(input.name()).rows != null);
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
        int[] begin = new int[x.shape.rank() + 1];
        int[] size = new int[x.shape.rank() + 1];
        java.util.Arrays.fill(size, -1);
        begin[slice.axis() + 1] = slice.from();
        size[slice.axis() + 1] = slice.to() - slice.from();
        return sd.slice(x.whole(), begin, size);
    }

    private Value reshape(Tensor t, Value x) {
        // The same rows, other axes in front of them: nothing to do for a layer that works row by row.
        if (t.shape().last() == x.shape.last()) return rows(t, x.rows());
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
        masks.add(new Lowered.Mask(mask.name(), t.shape().size(), rate));
        return whole(t, x.whole().mul(mask));
    }

    private Value dropPath(Tensor t, Value x, double rate) {
        SDVariable mask = sd.placeHolder(t.name() + ".mask", type, -1, 1);
        masks.add(new Lowered.Mask(mask.name(), 1, rate));
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
        return new Value(t.shape(), variable, null);
    }

    private Value whole(Tensor t, SDVariable variable) {
        return new Value(t.shape(), null, variable);
    }

    private Value like(Tensor t, Value x, SDVariable variable) {
        return x.rows != null ? rows(t, variable) : whole(t, variable);
    }
}
