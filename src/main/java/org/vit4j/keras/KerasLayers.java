package org.vit4j.keras;

import static org.vit4j.keras.KerasNetwork.config;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.vit4j.graph.ArithmeticOp;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.DropOp;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.LayoutOp;
import org.vit4j.graph.LinearOp;
import org.vit4j.graph.NormOp;
import org.vit4j.graph.Op;
import org.vit4j.graph.OpVisitor;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.ParameterOp;
import org.vit4j.graph.Tensor;

/**
 * Converts graph operations to Keras layers: one short method per operation.
 *
 * <p>Uses public layers wherever possible, because they are Keras' stable API. Operations with an internal class path
 * are used only where no layer exists, such as products of two activations. The result computes the inference pass, so
 * dropout is omitted.
 */
final class KerasLayers implements OpVisitor<KerasNode> {
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
            if (needed.contains(tensor.name())) layers.nodes.put(tensor.name(), tensor.accept(layers));
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

    static UnsupportedOperationException unsupported(Tensor t, Object what) {
        return new UnsupportedOperationException("no Keras layer for " + what + " (" + t.name() + ")");
    }

    private KerasNode x(Tensor t) {
        return node(t.input());
    }

    private KerasNode node(Tensor tensor) {
        return nodes.get(tensor.name());
    }

    private List<KerasNode> nodes(Tensor t) {
        return t.inputs().stream().map(this::node).toList();
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

    @Override
    public KerasNode input(Tensor t, Op.Input op) {
        return net.input(t.name(), t.shape());
    }

    @Override
    public KerasNode dense(Tensor t, LinearOp.Dense op) {
        return net.layer(
                t.name(),
                "Dense",
                config("units", op.units(), "use_bias", op.bias()),
                t.shape(),
                variables(t.parameters(), "kernel", "bias"),
                x(t));
    }

    @Override
    public KerasNode conv2d(Tensor t, LinearOp.Conv2d op) {
        return ImageLayers.conv2d(net, t, op, x(t));
    }

    @Override
    public KerasNode standardizedConv2d(Tensor t, LinearOp.StandardizedConv2d op) {
        return ImageLayers.standardized(net, t, op, x(t));
    }

    @Override
    public KerasNode layerNorm(Tensor t, NormOp.LayerNorm op) {
        return NormLayers.layerNorm(net, t, op, x(t));
    }

    @Override
    public KerasNode batchNorm(Tensor t, NormOp.BatchNorm op) {
        return NormLayers.batchNorm(net, t, op, x(t));
    }

    @Override
    public KerasNode groupNorm(Tensor t, NormOp.GroupNorm op) {
        return NormLayers.groupNorm(net, t, op, x(t));
    }

    @Override
    public KerasNode addParameter(Tensor t, ParameterOp.AddParameter op) {
        return ParameterLayers.addParameter(net, t, op, x(t));
    }

    @Override
    public KerasNode layerScale(Tensor t, ParameterOp.LayerScale op) {
        return ParameterLayers.layerScale(net, t, x(t));
    }

    @Override
    public KerasNode learnedTokens(Tensor t, ParameterOp.LearnedTokens op) {
        return ParameterLayers.tokens(net, t, op, x(t));
    }

    @Override
    public KerasNode activate(Tensor t, ArithmeticOp.Activate op) {
        KerasNode x = x(t);
        return switch (op.function()) {
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

    @Override
    public KerasNode add(Tensor t, ArithmeticOp.Add op) {
        return net.merge(t.name(), "Add", config(), t.shape(), nodes(t));
    }

    @Override
    public KerasNode scale(Tensor t, ArithmeticOp.Scale op) {
        return scale(net, t.name(), op.factor(), x(t));
    }

    @Override
    public KerasNode mean(Tensor t, ArithmeticOp.Mean op) {
        return ShapeLayers.mean(net, t, op, x(t));
    }

    @Override
    public KerasNode concat(Tensor t, LayoutOp.Concat op) {
        return ShapeLayers.concat(net, t, op, nodes(t));
    }

    @Override
    public KerasNode slice(Tensor t, LayoutOp.Slice op) {
        return ShapeLayers.slice(net, t, op, x(t));
    }

    @Override
    public KerasNode reshape(Tensor t, LayoutOp.Reshape op) {
        return ShapeLayers.reshape(net, t.name(), x(t), t.shape());
    }

    @Override
    public KerasNode permute(Tensor t, LayoutOp.Permute op) {
        return ShapeLayers.permute(net, t.name(), x(t), op.axes());
    }

    @Override
    public KerasNode splitHeads(Tensor t, LayoutOp.SplitHeads op) {
        return AttentionLayers.splitHeads(net, t, op, x(t));
    }

    @Override
    public KerasNode mergeHeads(Tensor t, LayoutOp.MergeHeads op) {
        return AttentionLayers.mergeHeads(net, t, x(t));
    }

    @Override
    public KerasNode attentionScores(Tensor t, AttentionOp.AttentionScores op) {
        return AttentionLayers.scores(net, t, op, nodes(t));
    }

    @Override
    public KerasNode softmax(Tensor t, AttentionOp.Softmax op) {
        return net.layer(t.name(), "Softmax", config("axis", -1), t.shape(), x(t));
    }

    @Override
    public KerasNode weightedSum(Tensor t, AttentionOp.WeightedSum op) {
        return AttentionLayers.weightedSum(net, t, nodes(t));
    }

    @Override
    public KerasNode mixHeads(Tensor t, AttentionOp.MixHeads op) {
        return AttentionLayers.mixHeads(net, t, op, x(t));
    }

    @Override
    public KerasNode relativeBias(Tensor t, AttentionOp.RelativeBias op) {
        return AttentionLayers.relativeBias(net, t, op, x(t));
    }

    @Override
    public KerasNode performerFeatures(Tensor t, AttentionOp.PerformerFeatures op) {
        return FeatureLayers.performerFeatures(net, t, x(t));
    }

    @Override
    public KerasNode linearAttention(Tensor t, AttentionOp.LinearAttention op) {
        return FeatureLayers.attention(net, t, op, nodes(t));
    }

    @Override
    public KerasNode lastTokenQkv(Tensor t, AttentionOp.LastTokenQkv op) {
        return QueryLayers.lastQuery(net, t, op, x(t));
    }

    @Override
    public KerasNode pad(Tensor t, ImageOp.Pad op) {
        return ImageLayers.pad(net, t.name(), op, x(t));
    }

    @Override
    public KerasNode unfold(Tensor t, ImageOp.Unfold op) {
        return PoolLayers.unfold(net, t, op.window(), x(t));
    }

    @Override
    public KerasNode maxPool(Tensor t, ImageOp.MaxPool op) {
        return PoolLayers.maxPool(net, t, op.window(), x(t));
    }

    @Override
    public KerasNode avgPool(Tensor t, ImageOp.AvgPool op) {
        return PoolLayers.avgPool(net, t, op.window(), x(t));
    }

    @Override
    public KerasNode resize(Tensor t, ImageOp.Resize op) {
        return PoolLayers.resize(net, t, x(t));
    }

    @Override
    public KerasNode dropout(Tensor t, DropOp.Dropout op) {
        return x(t);
    }

    @Override
    public KerasNode dropPath(Tensor t, DropOp.DropPath op) {
        return x(t);
    }

    @Override
    public KerasNode dropLayer(Tensor t, DropOp.DropLayer op) {
        return x(t);
    }
}
