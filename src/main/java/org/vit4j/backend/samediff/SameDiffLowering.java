package org.vit4j.backend.samediff;

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
import org.vit4j.backend.BatchStatistics;
import org.vit4j.backend.DropMask;
import org.vit4j.backend.Mode;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Graph;
import org.vit4j.graph.HeadOp;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.Op;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;

/**
 * Lowers a graph to standard ND4J operations, for any ND4J backend and any batch size. The reference semantics of all
 * graph operations.
 */
public final class SameDiffLowering {
    private final SameDiff sd = SameDiff.create();
    private final ParameterStore parameters;
    private final Mode mode;
    private final DataType type;
    private final Map<String, LoweredTensor> values = new HashMap<>();
    private final Map<String, SDVariable> parameterVariables = new HashMap<>();
    private final Map<String, SDVariable[]> splits = new HashMap<>();
    private final Map<String, SDVariable> stackMasks = new HashMap<>();
    private final List<String> inputs = new ArrayList<>();
    private final List<DropMask> masks = new ArrayList<>();
    private final Map<String, String> names = new LinkedHashMap<>();
    private final List<BatchStatistics> statistics = new ArrayList<>();
    private final Map<List<Object>, SDVariable> oneHots = new HashMap<>();
    private final SameDiffImageOps images;
    private SameDiffLayers layers;

    private SameDiffLowering(ParameterStore parameters, Mode mode) {
        this.parameters = parameters;
        this.mode = mode;
        this.type = parameters.trainable().dataType();
        this.images = new SameDiffImageOps(sd, type);
        // The default holder copies views; variables must share the memory of the live parameters.
        sd.setArrayHolders(new SingleThreadArrayHolder(), new SingleThreadArrayHolder(), false);
    }

    /** Lowers every tensor of the graph, in order. */
    public static SameDiffGraph lower(Graph graph, ParameterStore parameters, Mode mode) {
        SameDiffLowering lowering = new SameDiffLowering(parameters, mode);
        for (Parameter weight : graph.parameters()) lowering.parameter(weight);
        for (Tensor tensor : graph.tensors()) lowering.tensor(tensor);
        return new SameDiffGraph(
                lowering.sd, graph, parameters, lowering.inputs, lowering.names, lowering.masks, lowering.statistics);
    }

    private void parameter(Parameter weight) {
        var array = parameters.array(weight.name());
        // Variables even if not trainable: weights are loaded later, and constants must not change after first use.
        parameterVariables.put(weight.name(), sd.var(weight.name(), array));
    }

    private void tensor(Tensor t) {
        LoweredTensor value = lower(t, t.op());
        values.put(t.name(), value);
        SDVariable variable = value.any();
        // Tensors that are views of their input share its variable. All others get the tensor's name.
        if (!names.containsValue(variable.name()) && !variable.name().equals(t.name())) {
            variable = sd.updateVariableNameAndReference(variable, t.name());
        }
        names.put(t.name(), variable.name());
    }

    private LoweredTensor lower(Tensor t, Op op) {
        if (op instanceof Op.Input) return input(t);
        LoweredTensor x = values.get(t.input().name());
        if (op instanceof Op.Dense) return ofRows(t, linear(t, x));
        if (op instanceof Op.Conv2d conv) return convolution(t, x, conv);
        if (op instanceof Op.LayerNorm norm) return layerNorm(t, x, norm);
        if (op instanceof Op.Activate activate) return like(t, x, layers.activate(activate.function(), x.any()));
        if (op instanceof Op.Add) return sum(t);
        if (op instanceof Op.AddParameter) return addParameter(t, x);
        if (op instanceof Op.LayerScale) {
            return ofRows(
                    t, x.rows().mul(layers.expandRows(parameter(t, 0), t.shape().last(), x.rowCount())));
        }
        if (op instanceof Op.LearnedTokens) {
            SDVariable tokens = layers.expandExamples(parameter(t, 0), t.shape().size());
            return ofTensor(t, sd.reshape(tokens, t.shape().batched(-1)));
        }
        if (op instanceof Op.Concat concat) return ofTensor(t, sd.concat(concat.axis() + 1, tensors(t)));
        if (op instanceof Op.Slice slice) return ofTensor(t, slice(x, slice));
        if (op instanceof Op.Reshape) return reshape(t, x);
        if (op instanceof Op.Permute permute) return ofTensor(t, permute(x.tensor(), permute));
        if (op instanceof Op.SplitHeads split) return ofTensor(t, splitHeads(t, x, split));
        if (op instanceof Op.MergeHeads) {
            return ofRows(
                    t,
                    sd.reshape(sd.permute(x.tensor(), 0, 2, 1, 3), -1, t.shape().last()));
        }
        if (op instanceof Op.AttentionScores scores) {
            // Scaling the queries is cheaper than scaling the scores.
            return ofTensor(
                    t, sd.mmul(x.tensor().mul(scores.scale()), secondInput(t).tensor(), false, true, false));
        }
        if (op instanceof Op.Softmax) return ofTensor(t, sd.nn().softmax(x.tensor(), -1));
        if (op instanceof Op.WeightedSum)
            return ofTensor(t, sd.mmul(x.tensor(), secondInput(t).tensor()));
        if (op instanceof Op.Mean mean) return ofTensor(t, x.tensor().mean(false, mean.axis() + 1));
        if (op instanceof Op.Scale scale) return like(t, x, x.any().mul(scale.factor()));
        if (op instanceof Op.Dropout drop) return mode == Mode.INFERENCE ? x : dropout(t, x, drop.rate());
        if (op instanceof Op.DropPath drop) return mode == Mode.INFERENCE ? x : dropPath(t, x, drop.rate());
        if (op instanceof Op.DropLayer drop) return mode == Mode.INFERENCE ? x : dropLayer(t, x, drop);
        if (op instanceof ImageOp image) return imageOp(t, x, image);
        if (op instanceof HeadOp head) return headOp(t, x, head);
        throw new AssertionError(op);
    }

    private LoweredTensor imageOp(Tensor t, LoweredTensor x, ImageOp op) {
        if (op instanceof ImageOp.BatchNorm norm) return batchNorm(t, x, norm);
        if (op instanceof ImageOp.StandardizedConv2d conv) {
            SDVariable kernel = layers.standardizeKernel(
                    parameter(t, 0), t.parameters().get(0).shape(), conv.epsilon());
            Op.Conv2d plain = new Op.Conv2d(conv.filters(), conv.window(), 1, false);
            return ofTensor(t, images.convolution(x.tensor(), x.shape(), kernel, plain));
        }
        if (op instanceof ImageOp.GroupNorm norm) {
            return ofRows(t, layers.groupNorm(x.tensor(), x.shape(), parameter(t, 0), parameter(t, 1), norm));
        }
        if (op instanceof ImageOp.Pad pad) return ofTensor(t, images.pad(x.tensor(), pad));
        if (op instanceof ImageOp.Unfold unfold)
            return ofRows(t, images.unfold(x.tensor(), t.shape().last(), unfold.window()));
        if (op instanceof ImageOp.MaxPool pool) return ofTensor(t, images.maxPool(x.tensor(), pool.window()));
        if (op instanceof ImageOp.AvgPool pool)
            return ofTensor(t, images.avgPool(x.tensor(), x.shape(), t.shape(), pool));
        if (op instanceof ImageOp.Resize) return ofTensor(t, images.resize(x.tensor(), x.shape(), t.shape()));
        throw new AssertionError(op);
    }

    private LoweredTensor headOp(Tensor t, LoweredTensor x, HeadOp op) {
        if (op instanceof HeadOp.MixHeads) return ofTensor(t, mixHeads(t, x));
        if (op instanceof HeadOp.RelativeBias bias) return ofTensor(t, relativeBias(t, x, bias));
        if (op instanceof HeadOp.PerformerFeatures features) {
            return ofRows(
                    t, layers.performerFeatures(x.rows(), x.shape().last(), parameter(t, 0), features.features()));
        }
        if (op instanceof HeadOp.LastTokenQkv last) return ofTensor(t, lastTokenQkv(t, x, last.width()));
        if (op instanceof HeadOp.LinearAttention linear) {
            SDVariable v = values.get(t.inputs().get(2).name()).tensor();
            SDVariable k = secondInput(t).tensor();
            int width = t.shape().last();
            return ofTensor(t, layers.linearAttention(x.tensor(), k, v, x.shape(), width, linear));
        }
        throw new AssertionError(op);
    }

    private SDVariable lastTokenQkv(Tensor t, LoweredTensor x, int width) {
        int tokens = x.shape().dim(0);
        SDVariable last = slice(x, new Op.Slice(0, tokens - 1, tokens));
        SDVariable[] parts = new SDVariable[3];
        for (int i = 0; i < 3; i++) {
            int count = i == 0 ? 1 : tokens;
            SDVariable rows = i == 0 ? sd.reshape(last, -1, x.shape().last()) : x.rows();
            int[] from = {0, i * width};
            SDVariable y = sd.mmul(rows, sd.slice(parameter(t, 0), from, -1, width));
            if (t.parameters().size() == 2) {
                SDVariable bias = sd.slice(parameter(t, 1), new int[] {i * width}, width);
                y = y.add(layers.expandRows(bias, width, count));
            }
            parts[i] = sd.reshape(y, -1, count, width);
        }
        return sd.concat(1, parts);
    }

    private SDVariable mixHeads(Tensor t, LoweredTensor x) {
        long from = x.shape().dim(0), to = t.dim(0), tokens = t.dim(1), sources = t.dim(2);
        SDVariable rows = sd.reshape(sd.permute(x.tensor(), 0, 2, 3, 1), -1, from);
        SDVariable mixed = sd.mmul(rows, parameter(t, 0));
        if (t.parameters().size() == 2) mixed = mixed.add(layers.expandRows(parameter(t, 1), to, tokens * sources));
        return sd.permute(sd.reshape(mixed, -1, tokens, sources, to), 0, 3, 1, 2);
    }

    /**
     * Looks up the bias by products with one-hot matrices: ND4J's gather has a wrong gradient. Columns first, then
     * rows, because a one-hot matrix of all positions would be as large as the scores of 1000 examples.
     */
    private SDVariable relativeBias(Tensor t, LoweredTensor x, HeadOp.RelativeBias bias) {
        int h = bias.height(), w = bias.width();
        long qh = bias.queriesAlong(h), qw = bias.queriesAlong(w);
        SDVariable table = sd.reshape(parameter(t, 0), -1, w); // [H * h, w]
        SDVariable columns = sd.mmul(table, oneHot(bias.distances(w), w, 1)); // [H * h, qw * w]
        SDVariable turned = sd.permute(sd.reshape(columns, -1, h, qw * w), 0, 2, 1);
        SDVariable rows =
                sd.mmul(sd.reshape(turned, -1, h), oneHot(bias.distances(h), h, bias.factor())); // [.., qh * h]
        SDVariable places = sd.permute(sd.reshape(rows, -1, qw, w, qh, h), 0, 3, 1, 4, 2); // [H, qh, qw, h, w]
        return x.tensor().add(sd.reshape(places, t.shape().batched(1)));
    }

    /** One-hot matrix [cells, n]: {@code factor} at row {@code positions[i]} of column i. */
    private SDVariable oneHot(int[] positions, int cells, double factor) {
        return oneHots.computeIfAbsent(List.of(IntStream.of(positions).boxed().toList(), factor), any -> {
            INDArray matrix = Nd4j.zeros(type, cells, positions.length);
            for (int i = 0; i < positions.length; i++) matrix.putScalar(positions[i], i, factor);
            return sd.constant(matrix);
        });
    }

    private LoweredTensor input(Tensor t) {
        SDVariable placeholder = sd.placeHolder(t.name(), type, t.shape().batched(-1));
        if (layers == null)
            layers = new SameDiffLayers(sd, placeholder, t.shape().rank() + 1, type);
        inputs.add(t.name());
        return ofTensor(t, placeholder);
    }

    private SDVariable linear(Tensor t, LoweredTensor x) {
        SDVariable product = sd.mmul(x.rows(), parameter(t, 0));
        return t.parameters().size() == 1
                ? product
                : product.add(layers.expandRows(parameter(t, 1), t.shape().last(), x.rowCount()));
    }

    private LoweredTensor convolution(Tensor t, LoweredTensor x, Op.Conv2d conv) {
        SDVariable y = images.convolution(x.tensor(), x.shape(), parameter(t, 0), conv);
        if (t.parameters().size() == 1) return ofTensor(t, y);
        long filters = t.shape().last();
        SDVariable bias = layers.expandRows(parameter(t, 1), filters, t.shape().size() / filters);
        return ofRows(t, sd.reshape(y, -1, filters).add(bias));
    }

    private LoweredTensor batchNorm(Tensor t, LoweredTensor x, ImageOp.BatchNorm norm) {
        int last = t.shape().rank() - 1;
        if (norm.axis() == last) return ofRows(t, normalizeRows(t, x.rows(), x.rowCount(), norm));
        // Move the channel axis to the end, and back.
        int[] axes = swapAxes(last + 2, norm.axis() + 1, last + 1);
        long width = t.dim(norm.axis());
        SDVariable rows = sd.reshape(sd.permute(x.tensor(), axes), -1, width);
        Shape transposed = t.shape().with(norm.axis(), t.shape().last()).with(last, (int) width);
        SDVariable y = normalizeRows(t, rows, t.shape().size() / width, norm);
        return ofTensor(t, sd.permute(sd.reshape(y, transposed.batched(-1)), axes));
    }

    private SDVariable normalizeRows(Tensor t, SDVariable rows, long count, ImageOp.BatchNorm norm) {
        long width = t.dim(norm.axis());
        if (mode != Mode.TRAINING) {
            return layers.affine(
                    rows,
                    width,
                    count,
                    parameter(t, 0),
                    parameter(t, 1),
                    parameter(t, 2),
                    parameter(t, 3),
                    norm.epsilon());
        }
        SameDiffLayers.NormalizedRows y =
                layers.batchNorm(rows, width, count, parameter(t, 0), parameter(t, 1), norm.epsilon());
        statistics.add(new BatchStatistics(
                t.parameters().get(2).name(),
                t.parameters().get(3).name(),
                y.mean().name(),
                y.variance().name(),
                count,
                norm.momentum()));
        return y.output();
    }

    private static int[] swapAxes(int rank, int a, int b) {
        int[] axes = java.util.stream.IntStream.range(0, rank).toArray();
        axes[a] = b;
        axes[b] = a;
        return axes;
    }

    private LoweredTensor layerNorm(Tensor t, LoweredTensor x, Op.LayerNorm norm) {
        long width = t.shape().last();
        return ofRows(t, layers.layerNorm(x.rows(), width, x.rowCount(), parameter(t, 0), parameter(t, 1), norm));
    }

    private LoweredTensor sum(Tensor t) {
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

    private LoweredTensor addParameter(Tensor t, LoweredTensor x) {
        // Broadcasting over the leading axis only is fast, forward and backward.
        return ofTensor(t, x.tensor().add(sd.reshape(parameter(t, 0), t.shape().batched(1))));
    }

    private SDVariable slice(LoweredTensor x, Op.Slice slice) {
        int[] begin = new int[x.shape().rank() + 1];
        int[] size = new int[x.shape().rank() + 1];
        java.util.Arrays.fill(size, -1);
        begin[slice.axis() + 1] = slice.from();
        size[slice.axis() + 1] = slice.to() - slice.from();
        return sd.slice(x.tensor(), begin, size);
    }

    private LoweredTensor reshape(Tensor t, LoweredTensor x) {
        // The last axis is unchanged, so the rows are the same.
        if (t.shape().last() == x.shape().last()) return ofRows(t, x.rows());
        return ofTensor(t, sd.reshape(x.any(), t.shape().batched(-1)));
    }

    private SDVariable permute(SDVariable x, Op.Permute permute) {
        int[] axes = new int[permute.axes().size() + 1];
        for (int i = 1; i < axes.length; i++) axes[i] = permute.axes().get(i - 1) + 1;
        return sd.permute(x, axes);
    }

    /** Splits heads, [B * T, parts * H * d] -> [B, H, T, d]; one permutation is shared by all parts (q, k and v). */
    private SDVariable splitHeads(Tensor t, LoweredTensor x, Op.SplitHeads split) {
        long tokens = t.dim(1);
        long width = t.dim(2);
        if (split.parts() == 1) {
            return sd.permute(sd.reshape(x.rows(), -1, tokens, split.heads(), width), 0, 2, 1, 3);
        }
        String key = t.input().name() + "/" + split.heads() + "/" + split.parts();
        return splits.computeIfAbsent(key, any -> {
            SDVariable parts = sd.reshape(x.rows(), -1, tokens, split.parts(), split.heads(), width);
            return sd.unstack(sd.permute(parts, 2, 0, 3, 1, 4), 0, split.parts());
        })[split.part()];
    }

    private LoweredTensor dropout(Tensor t, LoweredTensor x, double rate) {
        SDVariable mask = sd.placeHolder(t.name() + ".mask", type, t.shape().batched(-1));
        masks.add(new DropMask(mask.name(), t.shape(), rate, false));
        return ofTensor(t, x.tensor().mul(mask));
    }

    private LoweredTensor dropPath(Tensor t, LoweredTensor x, double rate) {
        SDVariable mask = sd.placeHolder(t.name() + ".mask", type, -1, 1);
        masks.add(new DropMask(mask.name(), Shape.of(1), rate, false));
        return applyMask(t, x, mask);
    }

    /** Drops a layer by its column of the mask of a stack, [B, layers], which all branches share. */
    private LoweredTensor dropLayer(Tensor t, LoweredTensor x, Op.DropLayer drop) {
        SDVariable stack = stackMasks.computeIfAbsent(drop.stack(), name -> {
            masks.add(new DropMask(name + ".mask", Shape.of(drop.layers()), drop.rate(), true));
            return sd.placeHolder(name + ".mask", type, -1, drop.layers());
        });
        return applyMask(t, x, sd.slice(stack, new int[] {0, drop.layer()}, -1, 1));
    }

    /** Multiplies each example by its element of the mask, [B, 1]. */
    private LoweredTensor applyMask(Tensor t, LoweredTensor x, SDVariable mask) {
        SDVariable wide =
                sd.reshape(layers.expand(mask, t.shape().size()), -1, t.shape().last());
        return ofRows(t, x.rows().mul(wide));
    }

    private SDVariable parameter(Tensor t, int index) {
        return parameterVariables.get(t.parameters().get(index).name());
    }

    private LoweredTensor secondInput(Tensor t) {
        return values.get(t.inputs().get(1).name());
    }

    private SDVariable[] tensors(Tensor t) {
        return t.inputs().stream()
                .map(input -> values.get(input.name()).tensor())
                .toArray(SDVariable[]::new);
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
}
