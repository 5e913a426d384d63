package org.vit4j.graph;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Builder and container of a network: creates named tensors and parameters and checks shapes.
 *
 * <p>{@link #scope} returns a view of the same graph that prefixes every name, so a block can be built several times
 * under different paths.
 */
public final class Graph {
    /** Name of the output from which predictions are made. */
    public static final String LOGITS = "logits";

    /** Name of the output of the class head, for networks with two heads. */
    public static final String CLASS_LOGITS = "logits_class";

    /** Name of the output of the distillation head, for networks with two heads. */
    public static final String DISTILL_LOGITS = "logits_distill";

    private final ModulePath module;
    private final Init.InitScheme scheme;
    private final GraphContents contents;

    /** @param scheme initial values of layers for which the architecture prescribes none */
    public Graph(Init.InitScheme scheme) {
        this(ModulePath.ROOT, scheme, new GraphContents());
    }

    private Graph(ModulePath module, Init.InitScheme scheme, GraphContents contents) {
        this.module = module;
        this.scheme = scheme;
        this.contents = contents;
    }

    /** Returns a view of this graph that creates everything in module {@code name}, which also prefixes all names. */
    public Graph scope(String name) {
        return new Graph(module.child(name), scheme, contents);
    }

    /** Returns a view of this graph with another initialization scheme. */
    public Graph withInit(Init.InitScheme other) {
        return new Graph(module, other, contents);
    }

    public Tensor input(String name, int... dims) {
        return add(name, new Op.Input(Shape.of(dims)));
    }

    /** [.., in] -> [.., units] */
    public Tensor dense(String name, Tensor x, int units, boolean bias) {
        return add(name, new LinearOp.Dense(units, bias), x);
    }

    public Tensor dense(String name, Tensor x, int units) {
        return dense(name, x, units, true);
    }

    /** [H, W, C] -> [H', W', filters] */
    public Tensor conv2d(String name, Tensor x, int filters, Window window, int groups, boolean bias) {
        return add(name, new LinearOp.Conv2d(filters, window, groups, bias), x);
    }

    /** Convolution with a kernel standardized to zero mean and unit variance: [H, W, C] -> [H', W', filters]. */
    public Tensor standardizedConv2d(String name, Tensor x, int filters, Window window, double epsilon) {
        return add(name, new LinearOp.StandardizedConv2d(filters, window, epsilon), x);
    }

    /**
     * Repeats the convolution {@code first} with shared parameters and another window, for example another dilation.
     */
    public Tensor conv2dShared(String name, Tensor first, Tensor x, Window window) {
        if (!(first.op() instanceof LinearOp.Conv2d conv))
            throw new IllegalArgumentException(first + ": expected a convolution");
        Op shared = new LinearOp.Conv2d(conv.filters(), window, conv.groups(), conv.bias());
        return create(name, shared, List.of(x), first.parameters());
    }

    public Tensor layerNorm(String name, Tensor x, double epsilon) {
        return add(name, new NormOp.LayerNorm(epsilon, false), x);
    }

    /** Layer norm that divides by (standard deviation + epsilon). */
    public Tensor channelNorm(String name, Tensor x, double epsilon) {
        return add(name, new NormOp.LayerNorm(epsilon, true), x);
    }

    /** Batch norm over the last axis, with PyTorch's momentum of 0.1. */
    public Tensor batchNorm(String name, Tensor x, double epsilon) {
        return batchNorm(name, x, x.shape().rank() - 1, epsilon, Init.ONES);
    }

    /** @param axis the channel axis, each element of which has its own statistics: 0 for heads [H, T, S] */
    public Tensor batchNorm(String name, Tensor x, int axis, double epsilon, Init gamma) {
        return add(name, new NormOp.BatchNorm(axis, epsilon, 0.1, gamma), x);
    }

    public Tensor groupNorm(String name, Tensor x, int groups, double epsilon) {
        return add(name, new NormOp.GroupNorm(groups, epsilon), x);
    }

    public Tensor pad(String name, Tensor x, int top, int bottom, int left, int right) {
        return add(name, new ImageOp.Pad(top, bottom, left, right), x);
    }

    /** [H, W, C] -> [T, C * kH * kW]. Networks are saved as Keras files only without dilation and with equal strides. */
    public Tensor unfold(String name, Tensor x, Window window) {
        return add(name, new ImageOp.Unfold(window), x);
    }

    /** [H, W, C] -> [H', W', C] by the maximum of each window, which has no dilation and reaches beyond its padding. */
    public Tensor maxPool(String name, Tensor x, Window window) {
        return add(name, new ImageOp.MaxPool(window), x);
    }

    /** [H, W, C] -> [H', W', C] by the mean of each window without dilation; {@code ceil} as in {@link ImageOp.AvgPool}. */
    public Tensor avgPool(String name, Tensor x, Window window, boolean ceil) {
        return add(name, new ImageOp.AvgPool(window, ceil), x);
    }

    /** Bicubic resizing: [H, W, C] -> [height, width, C]. */
    public Tensor resize(String name, Tensor x, int height, int width) {
        return add(name, new ImageOp.Resize(height, width), x);
    }

    /** [H, T, S] -> [heads, T, S] */
    public Tensor mixHeads(String name, Tensor x, int heads, boolean bias, Init kernel) {
        return add(name, new AttentionOp.MixHeads(heads, bias, kernel), x);
    }

    /** Adds a learned bias table indexed by distance: parameter {@code name}, tensor {@code name.added}. */
    public Tensor relativeBias(String name, Tensor scores, AttentionOp.RelativeBias bias) {
        return add(name + ".added", name, bias, List.of(scores));
    }

    /**
     * [T, D] -> [T, features] by a constant matrix {@code matrix}. The first call creates the matrix, later calls share
     * it, so queries and keys have the same features.
     */
    public Tensor performerFeatures(String name, String matrix, Tensor x, int features, Init init) {
        return add(name, matrix, new AttentionOp.PerformerFeatures(features, init), List.of(x));
    }

    /** Queries [T, m], keys [S, m], values [S, n] -> [T, n] */
    public Tensor linearAttention(String name, Tensor q, Tensor k, Tensor v, double epsilon) {
        return add(name, new AttentionOp.LinearAttention(epsilon), q, k, v);
    }

    /** [T, D] -> [1 + 2 T, width]: the query of the last token, then all keys, then all values. */
    public Tensor lastTokenQkv(String name, Tensor x, int width, boolean bias) {
        return add(name, new AttentionOp.LastTokenQkv(width, bias), x);
    }

    public Tensor activate(String name, Tensor x, Activation function) {
        return add(name, new ArithmeticOp.Activate(function), x);
    }

    public Tensor add(String name, Tensor first, Tensor... more) {
        Tensor[] all = new Tensor[more.length + 1];
        all[0] = first;
        System.arraycopy(more, 0, all, 1, more.length);
        return add(name, new ArithmeticOp.Add(), all);
    }

    /** Adds a parameter of the shape of {@code x}: parameter {@code name}, tensor {@code name.added}. */
    public Tensor addParameter(String name, Tensor x, Role role, Init init) {
        return add(name + ".added", name, new ParameterOp.AddParameter(role, init, Optional.empty()), List.of(x));
    }

    /**
     * Adds a position table: [h, w, D], or [prefix + h * w, D] with the rows of the prefix tokens first. Records the
     * grid, so that the table can be resampled for images of another size.
     */
    public Tensor addPositions(String name, Tensor x, Role role, Init init, PositionGrid grid) {
        int positions = x.shape().rank() == 3 ? x.dim(0) * x.dim(1) : x.dim(0);
        if (positions != grid.tokens()) {
            throw new IllegalArgumentException(module.full(name) + ": " + x.shape() + " does not fit " + grid.prefix()
                    + " tokens and a grid of " + grid);
        }
        return add(name + ".added", name, new ParameterOp.AddParameter(role, init, Optional.of(grid)), List.of(x));
    }

    public Tensor layerScale(String name, Tensor x, Init init) {
        return add(name, new ParameterOp.LayerScale(init), x);
    }

    /** Learned tokens [count, D] with the batch size and width of {@code x} [T, D]: parameter {@code name}. */
    public Tensor learnedTokens(String name, Tensor x, int count, Init init) {
        return add(name + ".tokens", name, new ParameterOp.LearnedTokens(count, init), List.of(x));
    }

    public Tensor concat(String name, int axis, Tensor... parts) {
        return add(name, new LayoutOp.Concat(axis), parts);
    }

    public Tensor slice(String name, Tensor x, int axis, int from, int to) {
        return add(name, new LayoutOp.Slice(axis, from, to), x);
    }

    public Tensor reshape(String name, Tensor x, int... dims) {
        return add(name, new LayoutOp.Reshape(Shape.of(dims)), x);
    }

    public Tensor permute(String name, Tensor x, Integer... axes) {
        return add(name, new LayoutOp.Permute(List.of(axes)), x);
    }

    /** [T, H * d] -> [H, T, d] */
    public Tensor splitHeads(String name, Tensor x, int heads) {
        return splitHeads(name, x, heads, 0, 1);
    }

    /** [T, parts * H * d] -> [H, T, d], part {@code part} of the last axis, counted from 0. */
    public Tensor splitHeads(String name, Tensor x, int heads, int part, int parts) {
        return add(name, new LayoutOp.SplitHeads(heads, part, parts), x);
    }

    /** [H, T, d] -> [T, H * d] */
    public Tensor mergeHeads(String name, Tensor x) {
        return add(name, new LayoutOp.MergeHeads(), x);
    }

    /** [H, T, d], [H, S, d] -> [H, T, S] */
    public Tensor scores(String name, Tensor q, Tensor k, double scale) {
        return add(name, new AttentionOp.AttentionScores(scale), q, k);
    }

    public Tensor softmax(String name, Tensor x) {
        return add(name, new AttentionOp.Softmax(), x);
    }

    /** [H, T, S], [H, S, d] -> [H, T, d] */
    public Tensor weightedSum(String name, Tensor probs, Tensor values) {
        return add(name, new AttentionOp.WeightedSum(), probs, values);
    }

    /** [T, D] -> [D] for axis 0 */
    public Tensor mean(String name, Tensor x, int axis) {
        return add(name, new ArithmeticOp.Mean(axis), x);
    }

    public Tensor scale(String name, Tensor x, double factor) {
        return add(name, new ArithmeticOp.Scale(factor), x);
    }

    /** Dropout; returns {@code x} when the rate is 0. */
    public Tensor dropout(String name, Tensor x, double rate) {
        return rate == 0 ? x : add(name, new DropOp.Dropout(rate), x);
    }

    /** Stochastic depth; returns {@code x} when the rate is 0. */
    public Tensor dropPath(String name, Tensor x, double rate) {
        return rate == 0 ? x : add(name, new DropOp.DropPath(rate), x);
    }

    /** Layer dropout; returns {@code x} when the rate is 0. At least one layer of each {@code stack} is always kept. */
    public Tensor dropLayer(String name, Tensor x, String stack, int layer, int layers, double rate) {
        return rate == 0 ? x : add(name, new DropOp.DropLayer(stack, layer, layers, rate), x);
    }

    /** Declares an output of the network; predictions are made from {@code logits}. */
    public void output(String name, Tensor x) {
        Op.check(contents.tensors.get(x.name()) == x, "output %s: '%s' is of another graph", name, x.name());
        contents.output(name, x);
    }

    /** Returns the tensors in order of creation, which is a topological order. */
    public Collection<Tensor> tensors() {
        return contents.tensors.values();
    }

    public Collection<Parameter> parameters() {
        return contents.parameters.values();
    }

    public Map<String, Tensor> outputs() {
        return contents.outputs;
    }

    /** Returns the input; the first one of a module with several. */
    public Tensor input() {
        return contents.tensors.values().stream()
                .filter(tensor -> tensor.op() instanceof Op.Input)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("the graph has no input"));
    }

    /**
     * Returns the output from which predictions are made, [K].
     *
     * @throws IllegalArgumentException if there is none, as in graphs of single modules
     */
    public Tensor logits() {
        Tensor logits = contents.outputs.get(LOGITS);
        if (logits == null) throw new IllegalArgumentException("the graph has no output '" + LOGITS + "'");
        return logits;
    }

    /** Returns the output of the class head of a network with two heads. */
    public Optional<Tensor> classLogits() {
        return Optional.ofNullable(contents.outputs.get(CLASS_LOGITS));
    }

    /** Returns the output of the distillation head of a network with two heads. */
    public Optional<Tensor> distillLogits() {
        return Optional.ofNullable(contents.outputs.get(DISTILL_LOGITS));
    }

    /** Returns the module of the layer that a parameter belongs to; for a shared one, of the first layer. */
    public ModulePath module(Parameter parameter) {
        return contents.parameterModules.get(parameter.name());
    }

    /** @throws IllegalArgumentException when there is no such tensor */
    public Tensor tensor(String name) {
        Tensor tensor = contents.tensors.get(name);
        if (tensor == null) throw new IllegalArgumentException("no tensor '" + name + "' in the graph");
        return tensor;
    }

    /** Number of elements of all parameters except running statistics, as in PyTorch's {@code named_parameters()}. */
    public long parameterCount() {
        return contents.parameters.values().stream()
                .filter(parameter -> parameter.role() != Role.RUNNING_STAT)
                .mapToLong(Parameter::size)
                .sum();
    }

    public long trainableCount() {
        return contents.parameters.values().stream()
                .filter(parameter -> parameter.role().trainable())
                .mapToLong(Parameter::size)
                .sum();
    }

    public long macs() {
        return contents.tensors.values().stream().mapToLong(Tensor::macs).sum();
    }

    private Tensor add(String name, Op op, Tensor... inputs) {
        return add(name, name, op, List.of(inputs));
    }

    /** @param owner prefix of the parameter names; a parameter without suffix must not have the name of a tensor */
    private Tensor add(String name, String owner, Op op, List<Tensor> inputs) {
        List<Shape> shapes = inputs.stream().map(Tensor::shape).toList();
        try {
            for (Tensor input : inputs)
                Op.check(contents.tensors.get(input.name()) == input, "'%s' is of another graph", input.name());
            op.shape(shapes); // throws before any parameter is registered
            List<Parameter> owned = op.parameters(module.full(owner), shapes, scheme);
            for (Parameter parameter : owned) contents.register(parameter, module.moduleOf(owner));
            return create(name, op, inputs, owned);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(module.full(name) + ": " + e.getMessage(), e);
        }
    }

    private Tensor create(String name, Op op, List<Tensor> inputs, List<Parameter> owned) {
        Shape shape = op.shape(inputs.stream().map(Tensor::shape).toList());
        return contents.add(new Tensor(module.full(name), module.moduleOf(name), op, inputs, owned, shape));
    }
}
