package org.vit4j.backend.torch;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.vit4j.backend.DropMaskSpecs;
import org.vit4j.backend.Mode;
import org.vit4j.graph.ArithmeticOp;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.DropOp;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.LayoutOp;
import org.vit4j.graph.LinearOp;
import org.vit4j.graph.NormOp;
import org.vit4j.graph.Op;
import org.vit4j.graph.OpVisitor;
import org.vit4j.graph.ParameterOp;
import org.vit4j.graph.Tensor;

/** Computes operations of a graph for one batch, [B, ..] each, from the values of their inputs. */
final class TorchOpLowering implements OpVisitor<TorchValue> {
    private final Mode mode;
    private final TorchProducts products;
    private final long batch;
    private final TorchParameters parameters;
    private final TorchConstants constants;
    private final TorchBatchNorm batchNorms;
    private final Map<String, TorchValue> inputs;
    private final Map<String, TorchValue> values = new HashMap<>();

    /** @param inputs values of inputs and masks by name */
    TorchOpLowering(
            Mode mode,
            TorchProducts products,
            long batch,
            Map<String, TorchValue> inputs,
            TorchParameters parameters,
            TorchConstants constants,
            TorchBatchNorm batchNorms) {
        this.mode = mode;
        this.products = products;
        this.batch = batch;
        this.inputs = inputs;
        this.parameters = parameters;
        this.constants = constants;
        this.batchNorms = batchNorms;
    }

    /** Values of computed tensors by name; the caller adds them, and removes those that are not needed any more. */
    Map<String, TorchValue> values() {
        return values;
    }

    private TorchValue value(String name) {
        TorchValue value = values.getOrDefault(name, inputs.get(name));
        if (value == null) throw new IllegalArgumentException("no value for the input '" + name + "'");
        return value;
    }

    private TorchValue first(Tensor t) {
        return value(t.input().name());
    }

    private TorchValue floats(Tensor t) {
        return first(t).floats();
    }

    private TorchValue second(Tensor t) {
        return value(t.inputs().get(1).name());
    }

    private TorchValue parameter(Tensor t, int index) {
        return parameters.leaf(t.parameters().get(index).name());
    }

    /** The bias of a layer with a kernel and an optional bias, or null. */
    private TorchValue bias(Tensor t) {
        return t.parameters().size() == 1 ? null : parameter(t, 1);
    }

    /** [B, H, W, C] -> [B, C, H, W], without a copy: libtorch's layout "channels last". */
    private static TorchValue channelsFirst(TorchValue image) {
        return image.permute(0, 3, 1, 2);
    }

    private static TorchValue channelsLast(TorchValue image) {
        return image.permute(0, 2, 3, 1);
    }

    @Override
    public TorchValue input(Tensor t, Op.Input op) {
        return value(t.name());
    }

    @Override
    public TorchValue dense(Tensor t, LinearOp.Dense op) {
        return products.dense(first(t), parameter(t, 0), bias(t));
    }

    @Override
    public TorchValue conv2d(Tensor t, LinearOp.Conv2d op) {
        return convolution(first(t), parameter(t, 0), bias(t), op);
    }

    private TorchValue convolution(TorchValue x, TorchValue kernel, TorchValue bias, LinearOp.Conv2d op) {
        TorchValue filters = kernel.permute(3, 2, 0, 1); // [kH, kW, in, out] -> [out, in, kH, kW]
        return channelsLast(products.convolution(channelsFirst(x), filters, bias, op.window(), op.groups()));
    }

    @Override
    public TorchValue standardizedConv2d(Tensor t, LinearOp.StandardizedConv2d op) {
        TorchValue centered = parameter(t, 0).reshape(-1, op.filters()).centered(0);
        TorchValue scaled =
                centered.times(centered.meanSquare(0).plus(op.epsilon()).rsqrt());
        long[] shape = t.parameters().get(0).shape().dims().stream()
                .mapToLong(Integer::longValue)
                .toArray();
        return convolution(first(t), scaled.reshape(shape), null, op.conv());
    }

    @Override
    public TorchValue layerNorm(Tensor t, NormOp.LayerNorm op) {
        TorchValue x = floats(t);
        if (!op.epsilonOutside()) return x.layerNorm(parameter(t, 0), parameter(t, 1), op.epsilon());
        TorchValue centered = x.centered(-1);
        TorchValue deviation = centered.meanSquare(-1).sqrt().plus(op.epsilon());
        return centered.over(deviation).times(parameter(t, 0)).plus(parameter(t, 1));
    }

    @Override
    public TorchValue batchNorm(Tensor t, NormOp.BatchNorm op) {
        List<TorchValue> weights =
                t.parameters().stream().map(p -> parameters.leaf(p.name())).toList();
        TorchValue x = floats(t).moveAxis(op.axis() + 1, 1);
        TorchValue y = mode == Mode.TRAINING
                ? batchNorms.normalize(t, op, x, weights)
                : x.affine(weights.get(0), weights.get(1), weights.get(2), weights.get(3), op.epsilon());
        return y.moveAxis(1, op.axis() + 1);
    }

    @Override
    public TorchValue groupNorm(Tensor t, NormOp.GroupNorm op) {
        return channelsLast(
                channelsFirst(floats(t)).groupNorm(op.groups(), parameter(t, 0), parameter(t, 1), op.epsilon()));
    }

    @Override
    public TorchValue addParameter(Tensor t, ParameterOp.AddParameter op) {
        return first(t).plus(parameter(t, 0));
    }

    @Override
    public TorchValue layerScale(Tensor t, ParameterOp.LayerScale op) {
        return first(t).times(parameter(t, 0));
    }

    @Override
    public TorchValue learnedTokens(Tensor t, ParameterOp.LearnedTokens op) {
        return parameter(t, 0).expand(t.shape().batched(batch));
    }

    @Override
    public TorchValue activate(Tensor t, ArithmeticOp.Activate op) {
        return first(t).activate(op.function());
    }

    @Override
    public TorchValue add(Tensor t, ArithmeticOp.Add op) {
        return t.inputs().stream()
                .map(input -> value(input.name()).floats())
                .reduce(TorchValue::plus)
                .orElseThrow();
    }

    @Override
    public TorchValue scale(Tensor t, ArithmeticOp.Scale op) {
        return first(t).times(op.factor());
    }

    @Override
    public TorchValue mean(Tensor t, ArithmeticOp.Mean op) {
        return floats(t).mean(op.axis() + 1);
    }

    @Override
    public TorchValue concat(Tensor t, LayoutOp.Concat op) {
        List<TorchValue> parts =
                t.inputs().stream().map(input -> value(input.name())).toList();
        return TorchValue.concat(parts, op.axis() + 1);
    }

    @Override
    public TorchValue slice(Tensor t, LayoutOp.Slice op) {
        return first(t).narrow(op.axis() + 1, op.from(), op.to() - op.from());
    }

    @Override
    public TorchValue reshape(Tensor t, LayoutOp.Reshape op) {
        return first(t).reshape(t.shape().batched(batch));
    }

    @Override
    public TorchValue permute(Tensor t, LayoutOp.Permute op) {
        LongStream moved = op.axes().stream().mapToLong(axis -> axis + 1L);
        return first(t).permute(LongStream.concat(LongStream.of(0), moved).toArray());
    }

    @Override
    public TorchValue splitHeads(Tensor t, LayoutOp.SplitHeads op) {
        TorchValue parts = first(t).reshape(batch, t.dim(1), op.parts(), op.heads(), t.dim(2));
        return parts.select(2, op.part()).swap(1, 2);
    }

    @Override
    public TorchValue mergeHeads(Tensor t, LayoutOp.MergeHeads op) {
        return first(t).swap(1, 2).reshape(t.shape().batched(batch));
    }

    @Override
    public TorchValue attentionScores(Tensor t, AttentionOp.AttentionScores op) {
        return products.matmul(first(t).times(op.scale()), second(t).swap(2, 3));
    }

    @Override
    public TorchValue softmax(Tensor t, AttentionOp.Softmax op) {
        return floats(t).softmax();
    }

    @Override
    public TorchValue weightedSum(Tensor t, AttentionOp.WeightedSum op) {
        return products.matmul(first(t), second(t));
    }

    /** Computes a weighted sum by the softmax of these scores without either in memory. */
    TorchValue attention(Tensor scores, Tensor weightedSum) {
        double scale = ((AttentionOp.AttentionScores) scores.op()).scale();
        return products.attention(first(scores), second(scores), second(weightedSum), scale);
    }

    /** One product per example, which stays in the order [B, H, T, S]: batch norm sums that order in double on the CPU. */
    @Override
    public TorchValue mixHeads(Tensor t, AttentionOp.MixHeads op) {
        TorchValue x = floats(t);
        long heads = x.size(1);
        TorchValue mixed = parameter(t, 0).swap(0, 1).matmul(x.reshape(batch, heads, -1));
        TorchValue shaped = mixed.reshape(t.shape().batched(batch));
        return bias(t) == null ? shaped : shaped.plus(bias(t).reshape(-1, 1, 1));
    }

    @Override
    public TorchValue relativeBias(Tensor t, AttentionOp.RelativeBias op) {
        TorchValue scores = first(t);
        TorchValue index = constants.longs(
                t.name(), () -> IntStream.of(op.index()).asLongStream().toArray());
        TorchValue biases = parameter(t, 0).gather(1, index).reshape(t.shape().batched(1));
        return scores.plus(op.factor() == 1 ? biases : biases.times(op.factor()));
    }

    @Override
    public TorchValue performerFeatures(Tensor t, AttentionOp.PerformerFeatures op) {
        TorchValue x = floats(t);
        TorchValue half = x.times(x).sum(-1).times(0.5);
        TorchValue exponent = x.matmul(parameter(t, 0).swap(0, 1)).minus(half);
        return exponent.exp().times(1 / Math.sqrt((double) op.features()));
    }

    @Override
    public TorchValue linearAttention(Tensor t, AttentionOp.LinearAttention op) {
        TorchValue q = floats(t);
        TorchValue k = second(t).floats();
        TorchValue v = value(t.inputs().get(2).name()).floats();
        TorchValue norm = q.matmul(k.sum(1).swap(1, 2)).plus(op.epsilon()); // [B, T, 1]
        return q.matmul(k.swap(1, 2).matmul(v)).over(norm);
    }

    @Override
    public TorchValue lastTokenQkv(Tensor t, AttentionOp.LastTokenQkv op) {
        TorchValue x = first(t);
        TorchValue last = x.narrow(1, x.size(1) - 1, 1);
        TorchValue kernel = parameter(t, 0);
        TorchValue bias = bias(t);
        List<TorchValue> parts = IntStream.range(0, 3)
                .mapToObj(part -> {
                    long from = (long) part * op.width();
                    TorchValue added = bias == null ? null : bias.narrow(0, from, op.width());
                    return products.dense(part == 0 ? last : x, kernel.narrow(1, from, op.width()), added);
                })
                .toList();
        return TorchValue.concat(parts, 1);
    }

    @Override
    public TorchValue pad(Tensor t, ImageOp.Pad op) {
        return first(t).pad(0, 0, op.left(), op.right(), op.top(), op.bottom());
    }

    @Override
    public TorchValue unfold(Tensor t, ImageOp.Unfold op) {
        return channelsFirst(first(t)).unfold(op.window()).swap(1, 2);
    }

    @Override
    public TorchValue maxPool(Tensor t, ImageOp.MaxPool op) {
        return channelsLast(channelsFirst(first(t)).maxPool(op.window()));
    }

    @Override
    public TorchValue avgPool(Tensor t, ImageOp.AvgPool op) {
        return channelsLast(channelsFirst(floats(t)).avgPool(op.window(), op.ceil()));
    }

    /** By two matrices: libtorch's bicubic resizing has no deterministic gradient on a GPU. */
    @Override
    public TorchValue resize(Tensor t, ImageOp.Resize op) {
        TorchValue x = channelsFirst(floats(t));
        TorchValue rows = resizeMatrix(t.input().dim(0), op.height());
        TorchValue columns = resizeMatrix(t.input().dim(1), op.width());
        return channelsLast(rows.swap(0, 1).matmul(x).matmul(columns));
    }

    private TorchValue resizeMatrix(int from, int to) {
        return constants.floats("resize " + from + " " + to, () -> ImageOp.Resize.matrix(from, to));
    }

    @Override
    public TorchValue dropout(Tensor t, DropOp.Dropout op) {
        return mode == Mode.INFERENCE ? first(t) : first(t).times(mask(t));
    }

    @Override
    public TorchValue dropPath(Tensor t, DropOp.DropPath op) {
        return mode == Mode.INFERENCE ? first(t) : dropExamples(t, mask(t));
    }

    /** The branches of a stack share a mask, [B, layers]. */
    @Override
    public TorchValue dropLayer(Tensor t, DropOp.DropLayer op) {
        return mode == Mode.INFERENCE ? first(t) : dropExamples(t, mask(t).narrow(1, op.layer(), 1));
    }

    private TorchValue mask(Tensor t) {
        return value(DropMaskSpecs.of(t).orElseThrow().name());
    }

    /** Multiplies each example by its element of the mask, [B, 1]. */
    private TorchValue dropExamples(Tensor t, TorchValue mask) {
        long[] wide = LongStream.generate(() -> 1).limit(t.shape().rank() + 1L).toArray();
        wide[0] = batch;
        return first(t).times(mask.reshape(wide));
    }
}
