package org.vit4j.keras;

import static org.vit4j.keras.KerasNetwork.config;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.vit4j.graph.Activation;
import org.vit4j.graph.HeadOp;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.Op;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Tensor;

/**
 * Converts graph operations to Keras layers: one line in {@link #convert} and one short function per operation.
 *
 * <p>Uses public layers wherever possible, because they are Keras' stable API. Operations with an internal class path
 * are used only where no layer exists, such as products of two activations. The result computes the inference pass, so
 * dropout is omitted.
 */
final class KerasLayers {
    private final KerasNetwork net = new KerasNetwork();
    private final Map<String, KerasNode> nodes = new HashMap<>();

    /**
     * Converts {@code last} and everything it depends on.
     *
     * @param tensors of a graph in topological order
     * @return the node of {@code last}
     */
    static KerasNode of(Iterable<Tensor> tensors, Tensor last) {
        Set<String> needed = needed(last);
        KerasLayers layers = new KerasLayers();
        for (Tensor tensor : tensors) {
            if (needed.contains(tensor.name())) layers.nodes.put(tensor.name(), layers.convert(tensor));
        }
        return layers.node(last);
    }

    private static Set<String> needed(Tensor last) {
        Set<String> needed = new HashSet<>();
        Deque<Tensor> open = new ArrayDeque<>(List.of(last));
        while (!open.isEmpty()) {
            Tensor tensor = open.pop();
            if (needed.add(tensor.name())) tensor.inputs().forEach(open::push);
        }
        return needed;
    }

    private KerasNode convert(Tensor t) {
        Op op = t.op();
        KerasNode x = t.inputs().isEmpty() ? null : node(t.input());
        if (op instanceof Op.Input) return net.input(t.name(), t.shape());
        if (op instanceof Op.Dense dense) return dense(t, dense, x);
        if (op instanceof Op.Conv2d conv) return ImageLayers.conv2d(net, t, conv, x);
        if (op instanceof Op.LayerNorm norm) return NormLayers.layerNorm(net, t, norm, x);
        if (op instanceof Op.Activate activate) return activate(t, activate.function(), x);
        if (op instanceof Op.Add) return net.merge(t.name(), "Add", config(), t.shape(), nodes(t));
        if (op instanceof Op.AddParameter add) return ParameterLayers.addParameter(net, t, add, x);
        if (op instanceof Op.LayerScale) return ParameterLayers.layerScale(net, t, x);
        if (op instanceof Op.LearnedTokens tokens) return ParameterLayers.tokens(net, t, tokens, x);
        if (op instanceof Op.Concat concat) return ShapeLayers.concat(net, t, concat, nodes(t));
        if (op instanceof Op.Slice slice) return ShapeLayers.slice(net, t, slice, x);
        if (op instanceof Op.Reshape) return ShapeLayers.reshape(net, t.name(), x, t.shape());
        if (op instanceof Op.Permute permute) return ShapeLayers.permute(net, t.name(), x, permute.axes());
        if (op instanceof Op.SplitHeads split) return AttentionLayers.splitHeads(net, t, split, x);
        if (op instanceof Op.MergeHeads) return AttentionLayers.mergeHeads(net, t, x);
        if (op instanceof Op.AttentionScores scores) return AttentionLayers.scores(net, t, scores, nodes(t));
        if (op instanceof Op.Softmax) return net.layer(t.name(), "Softmax", config("axis", -1), t.shape(), x);
        if (op instanceof Op.WeightedSum) return AttentionLayers.weightedSum(net, t, nodes(t));
        if (op instanceof Op.Mean mean) return ShapeLayers.mean(net, t, mean, x);
        if (op instanceof Op.Scale scale) return scale(net, t.name(), scale.factor(), x);
        if (op instanceof Op.Dropout || op instanceof Op.DropPath || op instanceof Op.DropLayer) return x;
        if (op instanceof ImageOp image) return image(t, image, x);
        if (op instanceof HeadOp head) return head(t, head, x);
        throw unsupported(t, op);
    }

    private KerasNode image(Tensor t, ImageOp op, KerasNode x) {
        if (op instanceof ImageOp.BatchNorm norm) return NormLayers.batchNorm(net, t, norm, x);
        if (op instanceof ImageOp.StandardizedConv2d conv) return ImageLayers.standardized(net, t, conv, x);
        if (op instanceof ImageOp.GroupNorm norm) return NormLayers.groupNorm(net, t, norm, x);
        if (op instanceof ImageOp.Pad pad) return ImageLayers.pad(net, t.name(), pad, x);
        if (op instanceof ImageOp.Unfold unfold) return PoolLayers.unfold(net, t, unfold.window(), x);
        if (op instanceof ImageOp.MaxPool pool) return PoolLayers.maxPool(net, t, pool.window(), x);
        if (op instanceof ImageOp.AvgPool pool) return PoolLayers.avgPool(net, t, pool.window(), x);
        if (op instanceof ImageOp.Resize) return PoolLayers.resize(net, t, x);
        throw unsupported(t, op);
    }

    private KerasNode head(Tensor t, HeadOp op, KerasNode x) {
        if (op instanceof HeadOp.MixHeads mix) return AttentionLayers.mixHeads(net, t, mix, x);
        if (op instanceof HeadOp.RelativeBias bias) return AttentionLayers.relativeBias(net, t, bias, x);
        if (op instanceof HeadOp.PerformerFeatures) return FeatureLayers.performerFeatures(net, t, x);
        if (op instanceof HeadOp.LastTokenQkv last) return QueryLayers.lastQuery(net, t, last, x);
        if (op instanceof HeadOp.LinearAttention linear) return FeatureLayers.attention(net, t, linear, nodes(t));
        throw unsupported(t, op);
    }

    static UnsupportedOperationException unsupported(Tensor t, Object what) {
        return new UnsupportedOperationException("no Keras layer for " + what + " (" + t.name() + ")");
    }

    private KerasNode node(Tensor tensor) {
        return nodes.get(tensor.name());
    }

    private List<KerasNode> nodes(Tensor t) {
        return t.inputs().stream().map(this::node).toList();
    }

    private KerasNode dense(Tensor t, Op.Dense dense, KerasNode x) {
        return net.layer(
                t.name(),
                "Dense",
                config("units", dense.units(), "use_bias", dense.bias()),
                t.shape(),
                variables(t.parameters(), "kernel", "bias"),
                x);
    }

    private KerasNode activate(Tensor t, Activation function, KerasNode x) {
        return switch (function) {
            case GELU -> activation(t.name(), "gelu", x);
            case RELU -> activation(t.name(), "relu", x);
            case SILU -> activation(t.name(), "silu", x);
            case HARD_SWISH -> activation(t.name(), "hard_silu", x);
            case QUICK_GELU -> {
                KerasNode scaled = scale(net, t.name() + ".scaled", 1.702, x);
                KerasNode gate = activation(t.name() + ".gate", "sigmoid", scaled);
                yield net.merge(t.name(), "Multiply", config(), t.shape(), List.of(x, gate));
            }
        };
    }

    private KerasNode activation(String path, String function, KerasNode x) {
        return net.layer(path, "Activation", config("activation", function), x.shape(), x);
    }

    static KerasNode scale(KerasNetwork net, String path, double factor, KerasNode x) {
        return net.layer(path, "Rescaling", config("scale", factor, "offset", 0.0), x.shape(), x);
    }

    static KerasNode shift(KerasNetwork net, String path, double offset, KerasNode x) {
        return net.layer(path, "Rescaling", config("scale", 1.0, "offset", offset), x.shape(), x);
    }

    /** The parameters of a tensor under Keras' names; surplus names are ignored. */
    static List<KerasVariable> variables(List<Parameter> weights, String... names) {
        KerasVariable[] variables = new KerasVariable[weights.size()];
        for (int i = 0; i < variables.length; i++) variables[i] = KerasVariable.of(names[i], weights.get(i));
        return List.of(variables);
    }
}
