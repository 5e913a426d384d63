package org.vit4j.graph;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Operations of the graph. Each operation defines its output shape, its parameters and its number of
 * multiply-accumulates. Backends and exporters handle every operation of this list. Operations have the granularity of
 * layers, not of scalar arithmetic.
 *
 * <p>Invalid shapes throw {@link IllegalArgumentException}; {@link Graph} adds the name of the tensor.
 */
public sealed interface Op
        permits Op.Input,
                Op.Dense,
                Op.Conv2d,
                Op.LayerNorm,
                Op.Activate,
                Op.Add,
                Op.AddParameter,
                Op.LayerScale,
                Op.LearnedTokens,
                Op.Concat,
                Op.Slice,
                Op.Reshape,
                Op.Permute,
                Op.SplitHeads,
                Op.MergeHeads,
                Op.AttentionScores,
                Op.Softmax,
                Op.WeightedSum,
                Op.Mean,
                Op.Scale,
                Op.Dropout,
                Op.DropPath,
                Op.DropLayer,
                ImageOp,
                HeadOp {
    /** Computes the output shape from the input shapes. */
    Shape shape(List<Shape> in);

    /** Returns the parameters of the operation; their names start with {@code name}. */
    default List<Parameter> parameters(String name, List<Shape> in, Init.InitScheme scheme) {
        return List.of();
    }

    /** Multiply-accumulates for one example; only matrix products and convolutions count. */
    default long macs(List<Shape> in, Shape out) {
        return 0;
    }

    /** Input of the network. */
    record Input(Shape inputShape) implements Op {
        @Override
        public Shape shape(List<Shape> in) {
            return inputShape;
        }
    }

    /** [.., in] -> [.., units] by kernel [in, units] and bias [units]. */
    record Dense(int units, boolean bias) implements Op {
        @Override
        public Shape shape(List<Shape> in) {
            return in.get(0).with(in.get(0).rank() - 1, units);
        }

        @Override
        public List<Parameter> parameters(String name, List<Shape> in, Init.InitScheme scheme) {
            int width = in.get(0).last();
            Parameter kernel = new Parameter(
                    name + ".kernel", Shape.of(width, units), Role.KERNEL, scheme.denseKernel(width, units));
            if (!bias) return List.of(kernel);
            return List.of(kernel, new Parameter(name + ".bias", Shape.of(units), Role.BIAS, scheme.denseBias(width)));
        }

        @Override
        public long macs(List<Shape> in, Shape out) {
            return out.size() * in.get(0).last();
        }
    }

    /** [H, W, C] -> [H', W', filters] by kernel [kH, kW, C / groups, filters]. */
    record Conv2d(int filters, Window window, int groups, boolean bias) implements Op {
        @Override
        public Shape shape(List<Shape> in) {
            Shape x = rank(in.get(0), 3, "an image [H, W, C]");
            check(x.last() % groups == 0, "%d channels cannot be split into %d groups", x.last(), groups);
            check(filters % groups == 0, "%d filters cannot be split into %d groups", filters, groups);
            return Shape.of(window.outHeight(x.dim(0)), window.outWidth(x.dim(1)), filters);
        }

        @Override
        public List<Parameter> parameters(String name, List<Shape> in, Init.InitScheme scheme) {
            int depth = in.get(0).last() / groups;
            int area = window.kernelHeight() * window.kernelWidth();
            Shape shape = Shape.of(window.kernelHeight(), window.kernelWidth(), depth, filters);
            Init init = scheme.convKernel(area * depth, area * filters / groups);
            Parameter kernel = new Parameter(name + ".kernel", shape, Role.KERNEL, init);
            if (!bias) return List.of(kernel);
            Init biasInit = scheme.convBias(area * depth);
            return List.of(kernel, new Parameter(name + ".bias", Shape.of(filters), Role.BIAS, biasInit));
        }

        @Override
        public long macs(List<Shape> in, Shape out) {
            return out.size()
                    * window.kernelHeight()
                    * window.kernelWidth()
                    * (in.get(0).last() / groups);
        }
    }

    /**
     * Zero mean and unit variance over the last axis, then gamma and beta.
     *
     * @param epsilonOutside true if epsilon is added to the standard deviation, false if to the variance
     */
    record LayerNorm(double epsilon, boolean epsilonOutside) implements Op {
        @Override
        public Shape shape(List<Shape> in) {
            return in.get(0);
        }

        @Override
        public List<Parameter> parameters(String name, List<Shape> in, Init.InitScheme scheme) {
            Shape channels = Shape.of(in.get(0).last());
            return List.of(
                    new Parameter(name + ".gamma", channels, Role.NORM, Init.ONES),
                    new Parameter(name + ".beta", channels, Role.NORM, Init.ZEROS));
        }
    }

    record Activate(Activation function) implements Op {
        @Override
        public Shape shape(List<Shape> in) {
            return in.get(0);
        }
    }

    /** Sum of inputs of one shape. */
    record Add() implements Op {
        @Override
        public Shape shape(List<Shape> in) {
            for (Shape x : in) check(x.equals(in.get(0)), "cannot add %s and %s", in.get(0), x);
            return in.get(0);
        }
    }

    /**
     * Adds a parameter of the shape of the input, for example a position table [T, D].
     *
     * @param grid the positions its rows belong to, if they are positions in the image
     */
    record AddParameter(Role role, Init init, Optional<PositionGrid> grid) implements Op {
        @Override
        public Shape shape(List<Shape> in) {
            return in.get(0);
        }

        @Override
        public List<Parameter> parameters(String name, List<Shape> in, Init.InitScheme scheme) {
            return List.of(new Parameter(name, in.get(0), role, init));
        }
    }

    /** Layer scale: multiplies each channel by a parameter [D]. */
    record LayerScale(Init init) implements Op {
        @Override
        public Shape shape(List<Shape> in) {
            return in.get(0);
        }

        @Override
        public List<Parameter> parameters(String name, List<Shape> in, Init.InitScheme scheme) {
            return List.of(new Parameter(name + ".gamma", Shape.of(in.get(0).last()), Role.LAYER_SCALE, init));
        }
    }

    /** Learned tokens [count, D], equal for all examples; only batch size and width of the input [T, D] are used. */
    record LearnedTokens(int count, Init init) implements Op {
        @Override
        public Shape shape(List<Shape> in) {
            return Shape.of(count, rank(in.get(0), 2, "tokens [T, D]").last());
        }

        @Override
        public List<Parameter> parameters(String name, List<Shape> in, Init.InitScheme scheme) {
            return List.of(new Parameter(name, Shape.of(count, in.get(0).last()), Role.TOKEN, init));
        }
    }

    record Concat(int axis) implements Op {
        @Override
        public Shape shape(List<Shape> in) {
            Shape first = in.get(0);
            int total = 0;
            for (Shape x : in) {
                check(
                        x.rank() == first.rank() && x.without(axis).equals(first.without(axis)),
                        "cannot concatenate %s and %s along axis %d",
                        first,
                        x,
                        axis);
                total += x.dim(axis);
            }
            return first.with(axis, total);
        }
    }

    /** Elements {@code from} (inclusive) to {@code to} (exclusive) of an axis. */
    record Slice(int axis, int from, int to) implements Op {
        @Override
        public Shape shape(List<Shape> in) {
            Shape x = in.get(0);
            check(
                    0 <= from && from < to && to <= x.dim(axis),
                    "slice [%d, %d) is out of range for axis %d of %s",
                    from,
                    to,
                    axis,
                    x);
            return x.with(axis, to - from);
        }
    }

    record Reshape(Shape to) implements Op {
        @Override
        public Shape shape(List<Shape> in) {
            check(in.get(0).size() == to.size(), "cannot reshape %s to %s", in.get(0), to);
            return to;
        }
    }

    /** Axis i of the output is axis {@code axes[i]} of the input; the batch axis stays first and is not counted. */
    record Permute(List<Integer> axes) implements Op {
        public Permute {
            axes = List.copyOf(axes);
        }

        @Override
        public Shape shape(List<Shape> in) {
            Shape x = in.get(0);
            check(
                    axes.stream()
                            .sorted()
                            .toList()
                            .equals(IntStream.range(0, x.rank()).boxed().toList()),
                    "%s is not a permutation of the axes of %s",
                    axes,
                    x);
            return new Shape(axes.stream().map(x::dim).toList());
        }
    }

    /** [T, parts * H * d] -> [H, T, d]: part {@code part} of a fused qkv product, split into heads. */
    record SplitHeads(int heads, int part, int parts) implements Op {
        @Override
        public Shape shape(List<Shape> in) {
            Shape x = rank(in.get(0), 2, "tokens [T, D]");
            check(x.last() % (parts * heads) == 0, "cannot split %s into %d x %d heads", x, parts, heads);
            return Shape.of(heads, x.dim(0), x.last() / (parts * heads));
        }
    }

    /** [H, T, d] -> [T, H * d]. */
    record MergeHeads() implements Op {
        @Override
        public Shape shape(List<Shape> in) {
            Shape x = rank(in.get(0), 3, "heads [H, T, d]");
            return Shape.of(x.dim(1), x.dim(0) * x.dim(2));
        }
    }

    /** [H, T, d], [H, S, d] -> [H, T, S]: scale times the dot products of queries and keys. */
    record AttentionScores(double scale) implements Op {
        @Override
        public Shape shape(List<Shape> in) {
            Shape q = rank(in.get(0), 3, "queries [H, T, d]");
            Shape k = rank(in.get(1), 3, "keys [H, S, d]");
            check(q.dim(0) == k.dim(0) && q.last() == k.last(), "queries %s do not fit keys %s", q, k);
            return Shape.of(q.dim(0), q.dim(1), k.dim(1));
        }

        @Override
        public long macs(List<Shape> in, Shape out) {
            return out.size() * in.get(0).last();
        }
    }

    /** Softmax over the last axis. */
    record Softmax() implements Op {
        @Override
        public Shape shape(List<Shape> in) {
            return in.get(0);
        }
    }

    /** Weighted sum of the values, probs @ v: [H, T, S], [H, S, d] -> [H, T, d]. */
    record WeightedSum() implements Op {
        @Override
        public Shape shape(List<Shape> in) {
            Shape p = rank(in.get(0), 3, "probs [H, T, S]");
            Shape v = rank(in.get(1), 3, "values [H, S, d]");
            check(p.dim(0) == v.dim(0) && p.last() == v.dim(1), "probs %s do not fit values %s", p, v);
            return Shape.of(p.dim(0), p.dim(1), v.last());
        }

        @Override
        public long macs(List<Shape> in, Shape out) {
            return out.size() * in.get(0).last();
        }
    }

    /** Mean over one axis, which is removed: [T, D] -> [D] for axis 0. */
    record Mean(int axis) implements Op {
        @Override
        public Shape shape(List<Shape> in) {
            return in.get(0).without(axis);
        }
    }

    record Scale(double factor) implements Op {
        @Override
        public Shape shape(List<Shape> in) {
            return in.get(0);
        }
    }

    /** In training, zeroes each element with probability {@code rate} and divides the others by 1 - rate. */
    record Dropout(double rate) implements Op {
        @Override
        public Shape shape(List<Shape> in) {
            return in.get(0);
        }
    }

    /** In training, zeroes the branch of an example with probability {@code rate}, else divides it by 1 - rate. */
    record DropPath(double rate) implements Op {
        @Override
        public Shape shape(List<Shape> in) {
            return in.get(0);
        }
    }

    /**
     * In training, drops a layer of a stack of {@code layers} for the entire batch with probability {@code rate},
     * without rescaling. All branches of a layer are dropped together, and at least one layer of the stack is kept.
     */
    record DropLayer(String stack, int layer, int layers, double rate) implements Op {
        @Override
        public Shape shape(List<Shape> in) {
            check(0 <= layer && layer < layers, "layer index %d out of range [0, %d)", layer, layers);
            return in.get(0);
        }
    }

    /** Returns {@code x} after checking its rank. */
    static Shape rank(Shape x, int rank, String what) {
        check(x.rank() == rank, "expected %s, got %s", what, x);
        return x;
    }

    /** @throws IllegalArgumentException unless the rule holds */
    static void check(boolean holds, String rule, Object... values) {
        if (!holds) throw new IllegalArgumentException(String.format(Locale.ROOT, rule, values));
    }
}
