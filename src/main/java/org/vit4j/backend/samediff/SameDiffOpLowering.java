package org.vit4j.backend.samediff;

import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.array.SingleThreadArrayHolder;
import org.nd4j.linalg.api.buffer.DataType;
import org.vit4j.backend.DropMask;
import org.vit4j.backend.DropMaskSpecs;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
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
import org.vit4j.graph.Parameter;
import org.vit4j.graph.ParameterOp;
import org.vit4j.graph.Tensor;

/** Lowers the operations of a graph, one method per operation; tensors are lowered in the order of the graph. */
final class SameDiffOpLowering implements OpVisitor<LoweredTensor> {
    private final SameDiff sd;
    private final Mode mode;
    private final DataType type;
    private final Map<String, SDVariable> parameters;
    private final Map<String, SDVariable> inputs = new LinkedHashMap<>();
    private final Map<String, LoweredTensor> values = new HashMap<>();
    private final Map<String, String> names = new LinkedHashMap<>();
    private final SameDiffLayers layers;
    private final SameDiffImageOps images;
    private final SameDiffAttention attention;
    private final SameDiffBatchNorm batchNorms;
    private final SameDiffDrops drops;

    /**
     * @param first the first tensor to be lowered, an input
     * @param images its value, [B, ..]
     * @param parameters variables of the parameters, by name
     */
    SameDiffOpLowering(SameDiff sd, Mode mode, Tensor first, SDVariable images, Map<String, SDVariable> parameters) {
        this.sd = sd;
        this.mode = mode;
        this.type = images.dataType();
        this.parameters = parameters;
        this.inputs.put(first.name(), images);
        this.layers = new SameDiffLayers(sd, images, first.shape().rank() + 1, type);
        this.images = new SameDiffImageOps(sd, type);
        this.attention = new SameDiffAttention(sd, type, layers);
        this.batchNorms = new SameDiffBatchNorm(sd, layers, mode == Mode.TRAINING);
        this.drops = new SameDiffDrops(sd, type, layers);
    }

    /** Starts a graph of its own, whose variables share the memory of the store. */
    static SameDiffOpLowering start(Graph graph, ParameterStore store, Mode mode) {
        SameDiff sd = SameDiff.create();
        // The default holder copies views; variables must share the memory of the live parameters.
        sd.setArrayHolders(new SingleThreadArrayHolder(), new SingleThreadArrayHolder(), false);
        // Variables even if not trainable: weights are loaded later, and constants must not change after first use.
        Map<String, SDVariable> parameters = new HashMap<>();
        for (Parameter p : graph.parameters()) parameters.put(p.name(), sd.var(p.name(), store.array(p.name())));
        Tensor first = graph.input(); // gives the batch size
        SDVariable images = sd.placeHolder(
                first.name(), store.trainable().dataType(), first.shape().batched(-1));
        return new SameDiffOpLowering(sd, mode, first, images, parameters);
    }

    /** Lowers tensors in this order and returns the last one, [B, ..]. */
    SDVariable lower(List<Tensor> tensors) {
        tensors.forEach(this::lower);
        return values.get(tensors.get(tensors.size() - 1).name()).tensor();
    }

    /** Lowers every tensor of the graph, in order. */
    SameDiffGraph lower(Graph graph, ParameterStore store) {
        for (Tensor tensor : graph.tensors()) lower(tensor);
        List<String> placeholders = List.copyOf(inputs.keySet());
        List<DropMask> masks = mode == Mode.INFERENCE ? List.of() : DropMaskSpecs.of(graph);
        return new SameDiffGraph(sd, graph, store, placeholders, names, masks, batchNorms.statistics());
    }

    private void lower(Tensor t) {
        LoweredTensor value = t.accept(this);
        values.put(t.name(), value);
        SDVariable variable = value.any();
        // Tensors that are views of their input share its variable. All others get the tensor's name.
        if (!names.containsValue(variable.name()) && !variable.name().equals(t.name())) {
            variable = sd.updateVariableNameAndReference(variable, t.name());
        }
        names.put(t.name(), variable.name());
    }

    private SDVariable placeholder(Tensor t) {
        return inputs.computeIfAbsent(
                t.name(), name -> sd.placeHolder(name, type, t.shape().batched(-1)));
    }

    private LoweredTensor first(Tensor t) {
        return values.get(t.input().name());
    }

    private LoweredTensor second(Tensor t) {
        return values.get(t.inputs().get(1).name());
    }

    private SDVariable parameter(Tensor t, int index) {
        return parameters.get(t.parameters().get(index).name());
    }

    /** The bias of a layer with a kernel and an optional bias. */
    private Optional<SDVariable> bias(Tensor t) {
        return t.parameters().size() == 1 ? Optional.empty() : Optional.of(parameter(t, 1));
    }

    private LoweredTensor ofRows(Tensor t, SDVariable variable) {
        return LoweredTensor.rows(sd, t.shape(), variable);
    }

    private LoweredTensor ofTensor(Tensor t, SDVariable variable) {
        return LoweredTensor.tensor(sd, t.shape(), variable);
    }

    private LoweredTensor like(Tensor t, LoweredTensor x, SDVariable variable) {
        return x.hasRows() ? ofRows(t, variable) : ofTensor(t, variable);
    }

    @Override
    public LoweredTensor input(Tensor t, Op.Input op) {
        return ofTensor(t, placeholder(t));
    }

    @Override
    public LoweredTensor dense(Tensor t, LinearOp.Dense op) {
        LoweredTensor x = first(t);
        SDVariable product = sd.mmul(x.rows(), parameter(t, 0));
        Optional<SDVariable> bias = bias(t);
        if (bias.isEmpty()) return ofRows(t, product);
        return ofRows(t, product.add(layers.expandRows(bias.get(), t.shape().last(), x.rowCount())));
    }

    @Override
    public LoweredTensor conv2d(Tensor t, LinearOp.Conv2d op) {
        LoweredTensor x = first(t);
        SDVariable y = images.convolution(x.tensor(), x.shape(), parameter(t, 0), op);
        Optional<SDVariable> bias = bias(t);
        if (bias.isEmpty()) return ofTensor(t, y);
        long filters = t.shape().last();
        SDVariable rows = layers.expandRows(bias.get(), filters, t.shape().size() / filters);
        return ofRows(t, sd.reshape(y, -1, filters).add(rows));
    }

    @Override
    public LoweredTensor standardizedConv2d(Tensor t, LinearOp.StandardizedConv2d op) {
        LoweredTensor x = first(t);
        SDVariable kernel =
                layers.standardizeKernel(parameter(t, 0), t.parameters().get(0).shape(), op.epsilon());
        return ofTensor(t, images.convolution(x.tensor(), x.shape(), kernel, op.conv()));
    }

    @Override
    public LoweredTensor layerNorm(Tensor t, NormOp.LayerNorm op) {
        LoweredTensor x = first(t);
        long width = t.shape().last();
        return ofRows(t, layers.layerNorm(x.rows(), width, x.rowCount(), parameter(t, 0), parameter(t, 1), op));
    }

    @Override
    public LoweredTensor batchNorm(Tensor t, NormOp.BatchNorm op) {
        List<SDVariable> weights =
                t.parameters().stream().map(p -> parameters.get(p.name())).toList();
        return batchNorms.build(t, first(t), weights, op);
    }

    @Override
    public LoweredTensor groupNorm(Tensor t, NormOp.GroupNorm op) {
        LoweredTensor x = first(t);
        return ofRows(t, layers.groupNorm(x.tensor(), x.shape(), parameter(t, 0), parameter(t, 1), op));
    }

    @Override
    public LoweredTensor addParameter(Tensor t, ParameterOp.AddParameter op) {
        // Broadcasting over the leading axis only is fast, forward and backward.
        return ofTensor(
                t, first(t).tensor().add(sd.reshape(parameter(t, 0), t.shape().batched(1))));
    }

    @Override
    public LoweredTensor layerScale(Tensor t, ParameterOp.LayerScale op) {
        LoweredTensor x = first(t);
        return ofRows(
                t, x.rows().mul(layers.expandRows(parameter(t, 0), t.shape().last(), x.rowCount())));
    }

    @Override
    public LoweredTensor learnedTokens(Tensor t, ParameterOp.LearnedTokens op) {
        SDVariable tokens = layers.expandExamples(parameter(t, 0), t.shape().size());
        return ofTensor(t, sd.reshape(tokens, t.shape().batched(-1)));
    }

    @Override
    public LoweredTensor activate(Tensor t, ArithmeticOp.Activate op) {
        LoweredTensor x = first(t);
        return like(t, x, layers.activate(op.function(), x.any()));
    }

    @Override
    public LoweredTensor add(Tensor t, ArithmeticOp.Add op) {
        boolean allRows =
                t.inputs().stream().allMatch(input -> values.get(input.name()).hasRows());
        SDVariable sum = null;
        for (Tensor input : t.inputs()) {
            LoweredTensor value = values.get(input.name());
            SDVariable term = allRows ? value.rows() : value.tensor();
            sum = sum == null ? term : sum.add(term);
        }
        return allRows ? ofRows(t, sum) : ofTensor(t, sum);
    }

    @Override
    public LoweredTensor scale(Tensor t, ArithmeticOp.Scale op) {
        LoweredTensor x = first(t);
        return like(t, x, x.any().mul(op.factor()));
    }

    @Override
    public LoweredTensor mean(Tensor t, ArithmeticOp.Mean op) {
        return ofTensor(t, first(t).tensor().mean(false, op.axis() + 1));
    }

    @Override
    public LoweredTensor concat(Tensor t, LayoutOp.Concat op) {
        SDVariable[] parts = t.inputs().stream()
                .map(input -> values.get(input.name()).tensor())
                .toArray(SDVariable[]::new);
        return ofTensor(t, sd.concat(op.axis() + 1, parts));
    }

    @Override
    public LoweredTensor slice(Tensor t, LayoutOp.Slice op) {
        return ofTensor(t, slice(first(t), op.axis(), op.from(), op.to()));
    }

    private SDVariable slice(LoweredTensor x, int axis, int from, int to) {
        int[] begin = new int[x.shape().rank() + 1];
        int[] size = new int[x.shape().rank() + 1];
        Arrays.fill(size, -1);
        begin[axis + 1] = from;
        size[axis + 1] = to - from;
        return sd.slice(x.tensor(), begin, size);
    }

    @Override
    public LoweredTensor reshape(Tensor t, LayoutOp.Reshape op) {
        LoweredTensor x = first(t);
        // The last axis is unchanged, so the rows are the same.
        if (t.shape().last() == x.shape().last()) return ofRows(t, x.rows());
        return ofTensor(t, sd.reshape(x.any(), t.shape().batched(-1)));
    }

    @Override
    public LoweredTensor permute(Tensor t, LayoutOp.Permute op) {
        int[] axes = new int[op.axes().size() + 1];
        for (int i = 1; i < axes.length; i++) axes[i] = op.axes().get(i - 1) + 1;
        return ofTensor(t, sd.permute(first(t).tensor(), axes));
    }

    @Override
    public LoweredTensor splitHeads(Tensor t, LayoutOp.SplitHeads op) {
        return ofTensor(t, attention.splitHeads(t, first(t), op));
    }

    @Override
    public LoweredTensor mergeHeads(Tensor t, LayoutOp.MergeHeads op) {
        return ofRows(t, attention.mergeHeads(first(t).tensor(), t.shape().last()));
    }

    @Override
    public LoweredTensor attentionScores(Tensor t, AttentionOp.AttentionScores op) {
        return ofTensor(t, attention.scores(first(t), second(t), op.scale()));
    }

    @Override
    public LoweredTensor softmax(Tensor t, AttentionOp.Softmax op) {
        return ofTensor(t, sd.nn().softmax(first(t).tensor(), -1));
    }

    @Override
    public LoweredTensor weightedSum(Tensor t, AttentionOp.WeightedSum op) {
        return ofTensor(t, sd.mmul(first(t).tensor(), second(t).tensor()));
    }

    @Override
    public LoweredTensor mixHeads(Tensor t, AttentionOp.MixHeads op) {
        return ofTensor(t, attention.mixHeads(t, first(t), parameter(t, 0), bias(t)));
    }

    @Override
    public LoweredTensor relativeBias(Tensor t, AttentionOp.RelativeBias op) {
        return ofTensor(t, attention.relativeBias(first(t), parameter(t, 0), op));
    }

    @Override
    public LoweredTensor performerFeatures(Tensor t, AttentionOp.PerformerFeatures op) {
        LoweredTensor x = first(t);
        return ofRows(t, layers.performerFeatures(x.rows(), x.shape().last(), parameter(t, 0), op.features()));
    }

    @Override
    public LoweredTensor linearAttention(Tensor t, AttentionOp.LinearAttention op) {
        LoweredTensor q = first(t);
        SDVariable v = values.get(t.inputs().get(2).name()).tensor();
        SDVariable k = second(t).tensor();
        return ofTensor(
                t, layers.linearAttention(q.tensor(), k, v, q.shape(), t.shape().last(), op));
    }

    @Override
    public LoweredTensor lastTokenQkv(Tensor t, AttentionOp.LastTokenQkv op) {
        LoweredTensor x = first(t);
        int tokens = x.shape().dim(0);
        SDVariable last = slice(x, 0, tokens - 1, tokens);
        return ofTensor(t, attention.lastTokenQkv(x, last, op.width(), parameter(t, 0), bias(t)));
    }

    @Override
    public LoweredTensor pad(Tensor t, ImageOp.Pad op) {
        return ofTensor(t, images.pad(first(t).tensor(), op));
    }

    @Override
    public LoweredTensor unfold(Tensor t, ImageOp.Unfold op) {
        return ofRows(t, images.unfold(first(t).tensor(), t.shape().last(), op.window()));
    }

    @Override
    public LoweredTensor maxPool(Tensor t, ImageOp.MaxPool op) {
        return ofTensor(t, images.maxPool(first(t).tensor(), op.window()));
    }

    @Override
    public LoweredTensor avgPool(Tensor t, ImageOp.AvgPool op) {
        LoweredTensor x = first(t);
        return ofTensor(t, images.avgPool(x.tensor(), x.shape(), t.shape(), op));
    }

    @Override
    public LoweredTensor resize(Tensor t, ImageOp.Resize op) {
        LoweredTensor x = first(t);
        return ofTensor(t, images.resize(x.tensor(), x.shape(), t.shape()));
    }

    @Override
    public LoweredTensor dropout(Tensor t, DropOp.Dropout op) {
        return mode == Mode.INFERENCE ? first(t) : drops.dropout(t, first(t));
    }

    @Override
    public LoweredTensor dropPath(Tensor t, DropOp.DropPath op) {
        return mode == Mode.INFERENCE ? first(t) : drops.dropPath(t, first(t));
    }

    @Override
    public LoweredTensor dropLayer(Tensor t, DropOp.DropLayer op) {
        return mode == Mode.INFERENCE ? first(t) : drops.dropLayer(t, first(t), op);
    }
}
