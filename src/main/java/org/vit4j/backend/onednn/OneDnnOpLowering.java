package org.vit4j.backend.onednn;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.vit4j.backend.BatchStatistics;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.Precision;
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
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.analysis.MixedPrecision;

/**
 * Records the kernels of a tensor on the tape, one method per operation. Results must agree with those of the SameDiff
 * backend, the reference.
 */
final class OneDnnOpLowering implements OpVisitor<TapeValue> {
    private final Tape tape;
    private final long batch;
    private final ParameterArrays parameters;
    private final Set<String> gradientTensors;
    private final MatmulOps math;
    private final EltwiseOps eltwise;
    private final NormOps norms;
    private final ConvOps convs;
    private final AttentionOps attention;
    private final AbsorbedAttentionOps absorbedAttention;
    private final DropOps drops;
    private final OneDnnBatchNorm batchNorms;
    private final Function<Tensor, ElementType> types;

    private final Map<Tensor, TapeValue> values = new HashMap<>();
    private final Map<Tensor, FusedAttention> fused = new HashMap<>();
    private final Map<Tensor, AbsorbedAttention> absorbed = new HashMap<>();
    private final Set<Tensor> softmaxOnly = new HashSet<>();
    private final Map<Tensor, TapeValue> relativeBiases = new HashMap<>();
    private final QueryScales queryScales;
    private final Map<String, StridedArray> inputs = new LinkedHashMap<>();

    /**
     * @param types of tensors in memory
     * @param gradients destinations of the gradients of trainable parameters
     * @param gradientTensors tensors whose gradients callers read
     * @param outputs map to which the batch statistics of batch norms are added
     */
    OneDnnOpLowering(
            Tape tape,
            Precision precision,
            Function<Tensor, ElementType> types,
            QueryScales queryScales,
            long batch,
            Mode mode,
            ParameterStore parameters,
            Map<String, TapeValue.GradientTarget> gradients,
            Set<String> gradientTensors,
            Map<String, StridedArray> outputs) {
        this.tape = tape;
        this.types = types;
        this.queryScales = queryScales;
        this.batch = batch;
        this.parameters = new ParameterArrays(tape, parameters, gradients);
        this.gradientTensors = gradientTensors;
        this.math = new MatmulOps(tape, precision);
        this.eltwise = new EltwiseOps(tape);
        this.norms = new NormOps(tape, math);
        this.convs = new ConvOps(tape, math);
        this.attention = new AttentionOps(tape, math);
        this.absorbedAttention = new AbsorbedAttentionOps(tape, math, attention, this.parameters);
        this.drops = new DropOps(tape, math, batch, inputs);
        this.batchNorms = new OneDnnBatchNorm(tape, norms, mode, batch, outputs);
    }

    /** Computes the attention that a weighted sum ends in blocks. */
    void fuse(Tensor sum, FusedAttention attention) {
        fused.put(sum, attention);
    }

    /** Computes the attention that a weighted sum ends without keys and values. */
    void absorb(Tensor sum, AbsorbedAttention attention) {
        absorbed.put(sum, attention);
    }

    /** Declares that softmax is the only reader of some scores, and that only weighted sums read its result. */
    void setSoftmaxOnly(Tensor scores) {
        softmaxOnly.add(scores);
    }

    /** Lowers a tensor; its inputs have been lowered before. */
    TapeValue lower(Tensor t) {
        TapeValue value = t.accept(this);
        if (isGradientRequested(t) && !value.needsGradient()) value = value.withGradient();
        values.put(t, value);
        return value;
    }

    TapeValue value(Tensor t) {
        return values.get(t);
    }

    /** Inputs of the network and masks of dropout, set before a run. */
    Map<String, StridedArray> inputs() {
        return inputs;
    }

    List<BatchStatistics> statistics() {
        return batchNorms.statistics();
    }

    private TapeValue x(Tensor t) {
        return values.get(t.input());
    }

    /** The input for operations that compute in float32 only. */
    private TapeValue floats(Tensor t) {
        return tape.as(ElementType.F32, x(t));
    }

    private TapeValue second(Tensor t) {
        return values.get(t.inputs().get(1));
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

    /** Gives an intermediate value, which is used here only, the shape of a tensor. */
    private TapeValue like(Tensor t, TapeValue intermediate) {
        return tape.reshape(intermediate.setUsedOnce(true), dims(t));
    }

    @Override
    public TapeValue input(Tensor t, Op.Input op) {
        StridedArray array = StridedArray.input(dims(t));
        inputs.put(t.name(), array);
        return new TapeValue(array, isGradientRequested(t), -1);
    }

    private boolean isGradientRequested(Tensor t) {
        return tape.isTraining() && gradientTensors.contains(t.name());
    }

    @Override
    public TapeValue dense(Tensor t, LinearOp.Dense op) {
        ElementType operands = MixedPrecision.isHead(t) ? ElementType.F32 : math.operands();
        TapeValue x = tape.as(operands, x(t)); // before a copy without gaps, which rows of a slice need
        TapeValue y = math.dense(rows(x), parameters.of(t, 0), parameters.row(t, 1), operands, types.apply(t));
        float[] factors = queryScales.columns(t);
        if (factors == null) return like(t, y);
        return like(
                t, math.mul(y.setUsedOnce(true), new TapeValue(tape.constant(factors, 1, factors.length), false, -1)));
    }

    @Override
    public TapeValue conv2d(Tensor t, LinearOp.Conv2d op) {
        return convs.convolution(x(t), parameters.of(t, 0), parameters.row(t, 1), op, dims(t), types.apply(t));
    }

    @Override
    public TapeValue standardizedConv2d(Tensor t, LinearOp.StandardizedConv2d op) {
        Shape shape = t.parameters().get(0).shape();
        long filters = shape.last();
        TapeValue byFilter = tape.permute(tape.reshape(parameters.of(t, 0), shape.size() / filters, filters), 1, 0);
        TapeValue back = tape.dense(tape.permute(norms.standardize(byFilter, op.epsilon()), 1, 0));
        return convs.convolution(
                x(t), tape.reshape(back, ParameterArrays.dims(shape)), null, op.conv(), dims(t), types.apply(t));
    }

    @Override
    public TapeValue layerNorm(Tensor t, NormOp.LayerNorm op) {
        return like(
                t,
                op.epsilonOutside()
                        ? norms.channelNorm(rows(floats(t)), parameters.row(t, 0), parameters.row(t, 1), op.epsilon())
                        : norms.layerNorm(
                                rows(x(t)), parameters.of(t, 0), parameters.of(t, 1), op.epsilon(), types.apply(t)));
    }

    @Override
    public TapeValue batchNorm(Tensor t, NormOp.BatchNorm op) {
        List<TapeValue> weights = t.parameters().stream().map(parameters::of).toList();
        return batchNorms.build(t, x(t), weights, op);
    }

    @Override
    public TapeValue groupNorm(Tensor t, NormOp.GroupNorm op) {
        TapeValue rows = rows(norms.standardizeGroups(floats(t), op.groups(), op.epsilon()));
        return like(t, math.add(math.mul(rows, parameters.row(t, 0)), parameters.row(t, 1)));
    }

    @Override
    public TapeValue addParameter(Tensor t, ParameterOp.AddParameter op) {
        return like(t, math.add(examples(x(t)), parameters.row(t, 0)));
    }

    @Override
    public TapeValue layerScale(Tensor t, ParameterOp.LayerScale op) {
        return like(t, math.mul(rows(x(t)), parameters.row(t, 0)));
    }

    @Override
    public TapeValue learnedTokens(Tensor t, ParameterOp.LearnedTokens op) {
        TapeValue one = new TapeValue(tape.ones(batch).swap(0, 1), false, -1);
        return like(t, math.matmul(one, parameters.row(t, 0)));
    }

    @Override
    public TapeValue activate(Tensor t, ArithmeticOp.Activate op) {
        return eltwise.apply(EltwiseFunction.of(op.function()), x(t));
    }

    @Override
    public TapeValue add(Tensor t, ArithmeticOp.Add op) {
        TapeValue sum = null;
        for (Tensor input : t.inputs()) {
            TapeValue term = values.get(input);
            sum = sum == null ? term : math.add(sum, term);
        }
        return t.inputs().size() == 1 ? tape.reshape(sum, dims(t)) : sum;
    }

    @Override
    public TapeValue scale(Tensor t, ArithmeticOp.Scale op) {
        return eltwise.apply(EltwiseFunction.linear(op.factor(), 0), x(t));
    }

    @Override
    public TapeValue mean(Tensor t, ArithmeticOp.Mean op) {
        return tape.reshape(math.mean(floats(t), op.axis() + 1), dims(t));
    }

    @Override
    public TapeValue concat(Tensor t, LayoutOp.Concat op) {
        return tape.concat(op.axis() + 1, t.inputs().stream().map(values::get).toList());
    }

    @Override
    public TapeValue slice(Tensor t, LayoutOp.Slice op) {
        return tape.slice(x(t), op.axis() + 1, op.from(), op.to());
    }

    @Override
    public TapeValue reshape(Tensor t, LayoutOp.Reshape op) {
        return tape.reshape(x(t), dims(t));
    }

    @Override
    public TapeValue permute(Tensor t, LayoutOp.Permute op) {
        int[] axes = new int[op.axes().size() + 1];
        for (int i = 1; i < axes.length; i++) axes[i] = op.axes().get(i - 1) + 1;
        return tape.permute(x(t), axes);
    }

    @Override
    public TapeValue splitHeads(Tensor t, LayoutOp.SplitHeads op) {
        return attention.splitHeads(x(t), op, t.dim(1), t.dim(2));
    }

    @Override
    public TapeValue mergeHeads(Tensor t, LayoutOp.MergeHeads op) {
        return tape.reshape(tape.permute(x(t), 0, 2, 1, 3), dims(t));
    }

    @Override
    public TapeValue attentionScores(Tensor t, AttentionOp.AttentionScores op) {
        return scores(t, x(t), second(t));
    }

    private TapeValue scores(Tensor t, TapeValue q, TapeValue k) {
        return attention.scores(q, k, queryScales.remaining(t), softmaxOnly.contains(t));
    }

    @Override
    public TapeValue softmax(Tensor t, AttentionOp.Softmax op) {
        return attention.softmax(x(t), types.apply(t));
    }

    @Override
    public TapeValue weightedSum(Tensor t, AttentionOp.WeightedSum op) {
        if (absorbed.containsKey(t)) return absorbedAttention.lower(absorbed.get(t), values::get, types.apply(t));
        if (!fused.containsKey(t)) return attention.weightedSum(x(t), second(t), types.apply(t));
        List<Tensor> maps = fused.get(t).maps();
        Tensor scores = maps.get(0);
        AttentionBlock block = AttentionBlock.of(
                maps, tape.isTraining(), x(scores).array(), second(scores).array());
        return attention.attention(
                x(scores),
                second(scores),
                second(t),
                types.apply(t),
                block,
                fused.get(t).recomputed(),
                (q, k) -> probabilities(maps, q, k));
    }

    /** The last of some attention maps, for a block of queries and keys. */
    private TapeValue probabilities(List<Tensor> maps, TapeValue q, TapeValue k) {
        TapeValue map = scores(maps.get(0), q, k);
        for (int i = 1; i < maps.size(); i++) {
            values.put(maps.get(i - 1), map.setUsedOnce(true));
            map = maps.get(i).accept(this);
            values.remove(maps.get(i - 1)); // the next block has another one
        }
        return map;
    }

    @Override
    public TapeValue mixHeads(Tensor t, AttentionOp.MixHeads op) {
        return attention.mixHeads(floats(t), parameters.of(t, 0), parameters.row(t, 1));
    }

    @Override
    public TapeValue relativeBias(Tensor t, AttentionOp.RelativeBias op) {
        TapeValue bias = relativeBiases.computeIfAbsent(t, any -> attention.relativeBias(parameters.of(t, 0), op));
        return attention.addBias(floats(t), bias);
    }

    @Override
    public TapeValue performerFeatures(Tensor t, AttentionOp.PerformerFeatures op) {
        return like(t, attention.performerFeatures(rows(floats(t)), parameters.of(t, 0)));
    }

    @Override
    public TapeValue linearAttention(Tensor t, AttentionOp.LinearAttention op) {
        return attention.linearAttention(
                floats(t),
                tape.as(ElementType.F32, second(t)),
                tape.as(ElementType.F32, values.get(t.inputs().get(2))),
                op.epsilon());
    }

    @Override
    public TapeValue lastTokenQkv(Tensor t, AttentionOp.LastTokenQkv op) {
        return attention.lastTokenQkv(x(t), parameters.of(t, 0), parameters.row(t, 1), op.width(), types.apply(t));
    }

    @Override
    public TapeValue pad(Tensor t, ImageOp.Pad op) {
        return convs.pad(x(t), op, dims(t));
    }

    @Override
    public TapeValue unfold(Tensor t, ImageOp.Unfold op) {
        return convs.unfold(floats(t), op.window(), dims(t));
    }

    @Override
    public TapeValue maxPool(Tensor t, ImageOp.MaxPool op) {
        return convs.maxPool(x(t), op.window(), dims(t));
    }

    @Override
    public TapeValue avgPool(Tensor t, ImageOp.AvgPool op) {
        return convs.avgPool(floats(t), op, dims(t));
    }

    @Override
    public TapeValue resize(Tensor t, ImageOp.Resize op) {
        return convs.resize(floats(t), dims(t));
    }

    @Override
    public TapeValue dropout(Tensor t, DropOp.Dropout op) {
        return drops.drop(t, x(t), all -> all);
    }

    @Override
    public TapeValue dropPath(Tensor t, DropOp.DropPath op) {
        return drops.drop(t, x(t), all -> all);
    }

    @Override
    public TapeValue dropLayer(Tensor t, DropOp.DropLayer op) {
        return drops.drop(t, x(t), all -> tape.slice(all, 1, op.layer(), op.layer() + 1));
    }
}
