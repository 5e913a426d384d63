package org.vit4j.graph;

import java.util.List;
import java.util.Locale;

/**
 * Operation of the graph, with the granularity of layers, not of scalar arithmetic. Each operation defines its output
 * shape, its parameters and its number of multiply-accumulates; the sub-interfaces group the operations by theme.
 *
 * <p>Backends, exporters and graph analysis read operations through an {@link OpVisitor}, so a new operation does not compile
 * until each of them handles it.
 *
 * <p>Invalid shapes throw {@link IllegalArgumentException}; {@link Graph} adds the name of the tensor.
 */
public sealed interface Op
        permits Op.Input, LinearOp, NormOp, ParameterOp, ArithmeticOp, LayoutOp, AttentionOp, ImageOp, DropOp {
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

    /** Calls the method of the visitor for this operation; {@code tensor} is the tensor that it computes. */
    <R> R accept(OpVisitor<R> visitor, Tensor tensor);

    /** Input of the network. */
    record Input(Shape inputShape) implements Op {
        @Override
        public Shape shape(List<Shape> in) {
            return inputShape;
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.input(tensor, this);
        }
    }

    /** Returns {@code x} after checking its rank. */
    static Shape rank(Shape x, int rank, String what) {
        check(x.rank() == rank, "expected %s, got %s", what, x);
        return x;
    }

    /** Returns the shape of the only input, or of the first one, after checking that it has an axis. */
    static Shape ranked(List<Shape> in) {
        check(!in.isEmpty(), "expected an input");
        check(in.get(0).rank() >= 1, "expected an input with an axis, got a scalar");
        return in.get(0);
    }

    /** Returns the shape of the first input after checking that it has the axis. */
    static Shape withAxis(List<Shape> in, int axis) {
        Shape x = ranked(in);
        check(0 <= axis && axis < x.rank(), "axis %d out of range [0, %d) of %s", axis, x.rank(), x);
        return x;
    }

    /** Requires a number of heads, groups or parts to be at least 1. */
    static void checkCount(String what, int count) {
        check(count >= 1, "%s (%d) must be at least 1", what, count);
    }

    /** Requires the epsilon of a norm to be finite and not negative. */
    static void checkEpsilon(double epsilon) {
        check(epsilon >= 0 && Double.isFinite(epsilon), "epsilon (%s) must be at least 0 and finite", epsilon);
    }

    /** Requires a factor to be finite. */
    static void checkFactor(double factor) {
        check(Double.isFinite(factor), "factor (%s) must be finite", factor);
    }

    /** @throws IllegalArgumentException unless the rule holds */
    static void check(boolean holds, String rule, Object... values) {
        if (!holds) throw new IllegalArgumentException(String.format(Locale.ROOT, rule, values));
    }
}
