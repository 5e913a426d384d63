package org.vit4j.onnx;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.vit4j.graph.ArithmeticOp;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.DropOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.LayoutOp;
import org.vit4j.graph.LinearOp;
import org.vit4j.graph.NormOp;
import org.vit4j.graph.Op;
import org.vit4j.graph.OpVisitor;
import org.vit4j.graph.ParameterOp;
import org.vit4j.graph.Tensor;

/**
 * Converts graph operations to ONNX nodes: one short method per operation. The
 * result computes the inference pass, so dropout is omitted.
 */
final class OnnxLayers implements OpVisitor<OnnxValue> {
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
            if (needed.contains(tensor.name())) layers.convert(tensor);
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

    private void convert(Tensor t) {
        OnnxValue value = t.accept(this);
        values.put(t.name(), value);
        // Dropout returns its input's value, and inputs are already declared with their shape.
        boolean ownValue = value.current().equals(t.name()) && !(t.op() instanceof Op.Input);
        if (ownValue) nodes.shape(t.name(), value.dims());
    }

    private OnnxValue x(Tensor t) {
        return value(t.input());
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

    @Override
    public OnnxValue input(Tensor t, Op.Input op) {
        return inputs.input(t);
    }

    @Override
    public OnnxValue dense(Tensor t, LinearOp.Dense op) {
        String kernel = nodes.weight(t.parameters().get(0));
        if (t.parameters().size() == 1) return plain(t, binary("MatMul", t, x(t).plain(), kernel));
        String product = nodes.node("MatMul", t.name() + "/product", List.of(x(t).plain(), kernel));
        return plain(t, binary("Add", t, product, nodes.weight(t.parameters().get(1))));
    }

    @Override
    public OnnxValue conv2d(Tensor t, LinearOp.Conv2d op) {
        return ImageNodes.conv2d(nodes, t, op, x(t));
    }

    @Override
    public OnnxValue standardizedConv2d(Tensor t, LinearOp.StandardizedConv2d op) {
        return ImageNodes.standardized(nodes, t, op, x(t));
    }

    @Override
    public OnnxValue layerNorm(Tensor t, NormOp.LayerNorm op) {
        return plain(t, NormNodes.layerNorm(nodes, t, op, x(t)));
    }

    @Override
    public OnnxValue batchNorm(Tensor t, NormOp.BatchNorm op) {
        return NormNodes.batchNorm(nodes, t, op, x(t));
    }

    @Override
    public OnnxValue groupNorm(Tensor t, NormOp.GroupNorm op) {
        return NormNodes.groupNorm(nodes, t, op, x(t));
    }

    @Override
    public OnnxValue addParameter(Tensor t, ParameterOp.AddParameter op) {
        return plain(
                t, binary("Add", t, x(t).plain(), nodes.weight(t.parameters().get(0))));
    }

    @Override
    public OnnxValue layerScale(Tensor t, ParameterOp.LayerScale op) {
        return plain(
                t, binary("Mul", t, x(t).plain(), nodes.weight(t.parameters().get(0))));
    }

    @Override
    public OnnxValue learnedTokens(Tensor t, ParameterOp.LearnedTokens op) {
        return plain(t, ShapeNodes.tokens(nodes, t, op, x(t)));
    }

    @Override
    public OnnxValue activate(Tensor t, ArithmeticOp.Activate op) {
        return like(t, x(t), ActivationNodes.activate(nodes, t.name(), op.function(), x(t).current()));
    }

    @Override
    public OnnxValue add(Tensor t, ArithmeticOp.Add op) {
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

    @Override
    public OnnxValue scale(Tensor t, ArithmeticOp.Scale op) {
        return like(t, x(t), binary("Mul", t, x(t).current(), nodes.number(op.factor())));
    }

    @Override
    public OnnxValue mean(Tensor t, ArithmeticOp.Mean op) {
        return plain(t, ShapeNodes.mean(nodes, t, op, x(t)));
    }

    @Override
    public OnnxValue concat(Tensor t, LayoutOp.Concat op) {
        return ShapeNodes.concat(nodes, t, op, values(t));
    }

    @Override
    public OnnxValue slice(Tensor t, LayoutOp.Slice op) {
        return like(t, x(t), ShapeNodes.slice(nodes, t, op, x(t)));
    }

    @Override
    public OnnxValue reshape(Tensor t, LayoutOp.Reshape op) {
        return plain(t, ShapeNodes.reshape(nodes, t.name(), x(t).plain(), t.shape()));
    }

    @Override
    public OnnxValue permute(Tensor t, LayoutOp.Permute op) {
        return plain(t, ShapeNodes.permute(nodes, t, op, x(t)));
    }

    @Override
    public OnnxValue splitHeads(Tensor t, LayoutOp.SplitHeads op) {
        return plain(t, AttentionNodes.splitHeads(nodes, t, op, x(t)));
    }

    @Override
    public OnnxValue mergeHeads(Tensor t, LayoutOp.MergeHeads op) {
        return plain(t, AttentionNodes.mergeHeads(nodes, t, x(t)));
    }

    @Override
    public OnnxValue attentionScores(Tensor t, AttentionOp.AttentionScores op) {
        return plain(t, AttentionNodes.scores(nodes, t, op, x(t), second(t)));
    }

    @Override
    public OnnxValue softmax(Tensor t, AttentionOp.Softmax op) {
        return plain(t, nodes.node("Softmax", t.name(), List.of(x(t).plain()), OnnxGraphBuilder.integer("axis", -1)));
    }

    @Override
    public OnnxValue weightedSum(Tensor t, AttentionOp.WeightedSum op) {
        return plain(t, binary("MatMul", t, x(t).plain(), second(t).plain()));
    }

    @Override
    public OnnxValue mixHeads(Tensor t, AttentionOp.MixHeads op) {
        return plain(t, AttentionNodes.mixHeads(nodes, t, x(t)));
    }

    @Override
    public OnnxValue relativeBias(Tensor t, AttentionOp.RelativeBias op) {
        return plain(t, AttentionNodes.relativeBias(nodes, t, op, x(t)));
    }

    @Override
    public OnnxValue performerFeatures(Tensor t, AttentionOp.PerformerFeatures op) {
        return plain(t, AttentionNodes.features(nodes, t, op, x(t)));
    }

    @Override
    public OnnxValue linearAttention(Tensor t, AttentionOp.LinearAttention op) {
        return plain(t, AttentionNodes.linear(nodes, t, op, values(t)));
    }

    @Override
    public OnnxValue lastTokenQkv(Tensor t, AttentionOp.LastTokenQkv op) {
        return plain(t, AttentionNodes.lastQuery(nodes, t, op, x(t)));
    }

    @Override
    public OnnxValue pad(Tensor t, ImageOp.Pad op) {
        return ImageNodes.pad(nodes, t, op, x(t));
    }

    @Override
    public OnnxValue unfold(Tensor t, ImageOp.Unfold op) {
        return plain(t, PatchNodes.unfold(nodes, t, op.window(), x(t)));
    }

    @Override
    public OnnxValue maxPool(Tensor t, ImageOp.MaxPool op) {
        return ImageNodes.maxPool(nodes, t, op.window(), x(t));
    }

    @Override
    public OnnxValue avgPool(Tensor t, ImageOp.AvgPool op) {
        return ImageNodes.avgPool(nodes, t, op.window(), x(t));
    }

    @Override
    public OnnxValue resize(Tensor t, ImageOp.Resize op) {
        return PatchNodes.resize(nodes, t, x(t));
    }

    @Override
    public OnnxValue dropout(Tensor t, DropOp.Dropout op) {
        return x(t);
    }

    @Override
    public OnnxValue dropPath(Tensor t, DropOp.DropPath op) {
        return x(t);
    }

    @Override
    public OnnxValue dropLayer(Tensor t, DropOp.DropLayer op) {
        return x(t);
    }
}
