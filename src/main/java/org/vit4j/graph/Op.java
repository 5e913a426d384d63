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

    /** @throws IllegalArgumentException unless the rule holds */
    static void check(boolean holds, String rule, Object... values) {
        if (!holds) throw new IllegalArgumentException(String.format(Locale.ROOT, rule, values));
    }
}
