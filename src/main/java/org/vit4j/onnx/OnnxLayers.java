package org.vit4j.onnx;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.HeadOp;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.Op;
import org.vit4j.graph.Tensor;

/**
 * Converts graph operations to ONNX nodes: one line in {@link #convert} and one short function per operation. The
 * result computes the inference pass, so dropout is omitted.
 */
final class OnnxLayers {
    private final OnnxGraphBuilder nodes;
    private final OnnxInputs inputs;
    private final Map<String, OnnxValue> values = new HashMap<>();

    /** Declares the inputs of a graph. */
    interface OnnxInputs {
        OnnxValue input(Tensor t);
    }

    private OnnxLayers(OnnxGraphBuilder nodes, OnnxInputs inputs) {
        this.nodes = nodes;
        this.inputs = inputs;
    }

    /** Converts the tensors {@code outputs} and everything they depend on; returns all converted values by name. */
    static Map<String, OnnxValue> of(
            OnnxGraphBuilder nodes, Graph graph, Collection<Tensor> outputs, OnnxInputs inputs) {
        Set<String> needed = needed(outputs);
        OnnxLayers layers = new OnnxLayers(nodes, inputs);
        for (Tensor tensor : graph.tensors()) {
            if (needed.contains(tensor.name())) layers.add(tensor);
        }
        return layers.values;
    }

    private static Set<String> needed(Collection<Tensor> outputs) {
        Set<String> needed = new HashSet<>();
        Deque<Tensor> open = new ArrayDeque<>(outputs);
        while (!open.isEmpty()) {
            Tensor tensor = open.pop();
            if (needed.add(tensor.name())) open.addAll(tensor.inputs());
        }
        return needed;
    }

    private void add(Tensor t) {
        OnnxValue value = convert(t);
        values.put(t.name(), value);
        // Dropout returns its input's value, and inputs are already declared with their shape.
        boolean ownValue = value.current().equals(t.name()) && !(t.op() instanceof Op.Input);
        if (ownValue) nodes.shape(t.name(), value.dims());
    }

    private OnnxValue convert(Tensor t) {
        Op op = t.op();
        if (op instanceof Op.Input) return inputs.input(t);
        OnnxValue x = value(t.input());
        if (op instanceof Op.Dense) return plain(t, dense(t, x));
        if (op instanceof Op.Conv2d conv) return ImageNodes.conv2d(nodes, t, conv, x);
        if (op instanceof Op.LayerNorm norm) return plain(t, NormNodes.layerNorm(nodes, t, norm, x));
        if (op instanceof Op.Activate activate) return like(t, x, activate(t.name(), activate.function(), x.current()));
        if (op instanceof Op.Add) return sum(t);
        if (op instanceof Op.AddParameter)
            return plain(
                    t, binary("Add", t, x.plain(), nodes.weight(t.parameters().get(0))));
        if (op instanceof Op.LayerScale) {
            return plain(
                    t, binary("Mul", t, x.plain(), nodes.weight(t.parameters().get(0))));
        }
        if (op instanceof Op.LearnedTokens tokens) return plain(t, ShapeNodes.tokens(nodes, t, tokens, x));
        if (op instanceof Op.Concat concat) return ShapeNodes.concat(nodes, t, concat, values(t));
        if (op instanceof Op.Slice slice) return like(t, x, ShapeNodes.slice(nodes, t, slice, x));
        if (op instanceof Op.Reshape) return plain(t, ShapeNodes.reshape(nodes, t.name(), x.plain(), t.shape()));
        if (op instanceof Op.Permute permute) return plain(t, ShapeNodes.permute(nodes, t, permute, x));
        if (op instanceof Op.SplitHeads split) return plain(t, AttentionNodes.splitHeads(nodes, t, split, x));
        if (op instanceof Op.MergeHeads) return plain(t, AttentionNodes.mergeHeads(nodes, t, x));
        if (op instanceof Op.AttentionScores scores)
            return plain(t, AttentionNodes.scores(nodes, t, scores, x, second(t)));
        if (op instanceof Op.Softmax) {
            return plain(t, nodes.node("Softmax", t.name(), List.of(x.plain()), OnnxGraphBuilder.integer("axis", -1)));
        }
        if (op instanceof Op.WeightedSum)
            return plain(t, binary("MatMul", t, x.plain(), second(t).plain()));
        if (op instanceof Op.Mean mean) return plain(t, ShapeNodes.mean(nodes, t, mean, x));
        if (op instanceof Op.Scale scale)
            return like(t, x, binary("Mul", t, x.current(), nodes.number(scale.factor())));
        if (op instanceof Op.Dropout || op instanceof Op.DropPath || op instanceof Op.DropLayer) return x;
        if (op instanceof ImageOp image) return image(t, image, x);
        if (op instanceof HeadOp head) return plain(t, head(t, head, x));
        throw new AssertionError(op);
    }

    private OnnxValue image(Tensor t, ImageOp op, OnnxValue x) {
        if (op instanceof ImageOp.BatchNorm norm) return NormNodes.batchNorm(nodes, t, norm, x);
        if (op instanceof ImageOp.StandardizedConv2d conv) return ImageNodes.standardized(nodes, t, conv, x);
        if (op instanceof ImageOp.GroupNorm norm) return NormNodes.groupNorm(nodes, t, norm, x);
        if (op instanceof ImageOp.Pad pad) return ImageNodes.pad(nodes, t, pad, x);
        if (op instanceof ImageOp.Unfold unfold) return plain(t, PatchNodes.unfold(nodes, t, unfold.window(), x));
        if (op instanceof ImageOp.MaxPool pool) return ImageNodes.maxPool(nodes, t, pool.window(), x);
        if (op instanceof ImageOp.AvgPool pool) return ImageNodes.avgPool(nodes, t, pool.window(), x);
        if (op instanceof ImageOp.Resize) return PatchNodes.resize(nodes, t, x);
        throw new AssertionError(op);
    }

    private String head(Tensor t, HeadOp op, OnnxValue x) {
        if (op instanceof HeadOp.MixHeads) return AttentionNodes.mixHeads(nodes, t, x);
        if (op instanceof HeadOp.RelativeBias bias) return AttentionNodes.relativeBias(nodes, t, bias, x);
        if (op instanceof HeadOp.PerformerFeatures features) return AttentionNodes.features(nodes, t, features, x);
        if (op instanceof HeadOp.LastTokenQkv last) return AttentionNodes.lastQuery(nodes, t, last, x);
        if (op instanceof HeadOp.LinearAttention linear) return AttentionNodes.linear(nodes, t, linear, values(t));
        throw new AssertionError(op);
    }

    private OnnxValue value(Tensor tensor) {
        return values.get(tensor.name());
    }

    private OnnxValue second(Tensor t) {
        return value(t.inputs().get(1));
    }

    private List<OnnxValue> values(Tensor t) {
        return t.inputs().stream().map(this::value).toList();
    }

    private OnnxValue plain(Tensor t, String value) {
        return OnnxValue.plain(nodes, t.shape(), value);
    }

    /** Wraps a value in the layout of {@code x}. */
    private OnnxValue like(Tensor t, OnnxValue x, String value) {
        return x.isImage() ? OnnxValue.image(nodes, t.shape(), value) : plain(t, value);
    }

    private String binary(String type, Tensor t, String a, String b) {
        return nodes.node(type, t.name(), List.of(a, b));
    }

    private String dense(Tensor t, OnnxValue x) {
        String kernel = nodes.weight(t.parameters().get(0));
        if (t.parameters().size() == 1) return binary("MatMul", t, x.plain(), kernel);
        String product = nodes.node("MatMul", t.name() + "/product", List.of(x.plain(), kernel));
        return binary("Add", t, product, nodes.weight(t.parameters().get(1)));
    }

    private OnnxValue sum(Tensor t) {
        List<OnnxValue> terms = values(t);
        boolean image = terms.stream().allMatch(OnnxValue::isImage);
        String sum = image ? terms.get(0).image() : terms.get(0).plain();
        for (int i = 1; i < terms.size(); i++) {
            String name = i == terms.size() - 1 ? t.name() : t.name() + "/" + i;
            String term = image ? terms.get(i).image() : terms.get(i).plain();
            sum = nodes.node("Add", name, List.of(sum, term));
        }
        return like(t, image ? terms.get(0) : OnnxValue.plain(nodes, t.shape(), sum), sum);
    }

    private String activate(String name, Activation function, String x) {
        return switch (function) {
            case RELU -> nodes.node("Relu", name, List.of(x));
            case HARD_SWISH -> nodes.node("HardSwish", name, List.of(x));
            case SILU -> gated(name, x, x);
            case QUICK_GELU -> gated(name, x, nodes.node("Mul", name + "/scaled", List.of(x, nodes.number(1.702))));
            case GELU -> gelu(name, x);
        };
    }

    private String gated(String name, String x, String by) {
        return nodes.node("Mul", name, List.of(x, nodes.node("Sigmoid", name + "/gate", List.of(by))));
    }

    /** Exact GELU as the five nodes of PyTorch's exporter, a pattern that runtimes fuse. */
    private String gelu(String name, String x) {
        String scaled = nodes.node("Div", name + "/scaled", List.of(x, nodes.number(Math.sqrt(2))));
        String erf = nodes.node("Erf", name + "/erf", List.of(scaled));
        String gate = nodes.node("Add", name + "/gate", List.of(erf, nodes.number(1)));
        String twice = nodes.node("Mul", name + "/twice", List.of(x, gate));
        return nodes.node("Mul", name, List.of(twice, nodes.number(0.5)));
    }
}
