package org.vit4j.graph;

import java.util.List;

/** Arithmetic without parameters. */
public sealed interface ArithmeticOp extends Op {
    record Activate(Activation function) implements ArithmeticOp {
        @Override
        public Shape shape(List<Shape> in) {
            return in.get(0);
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.activate(tensor, this);
        }
    }

    /** Sum of inputs of one shape. */
    record Add() implements ArithmeticOp {
        @Override
        public Shape shape(List<Shape> in) {
            Op.check(!in.isEmpty(), "expected an input");
            for (Shape x : in) Op.check(x.equals(in.get(0)), "cannot add %s and %s", in.get(0), x);
            return in.get(0);
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.add(tensor, this);
        }
    }

    record Scale(double factor) implements ArithmeticOp {
        @Override
        public Shape shape(List<Shape> in) {
            Op.checkFactor(factor);
            return in.get(0);
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.scale(tensor, this);
        }
    }

    /** Mean over one axis, which is removed: [T, D] -> [D] for axis 0. */
    record Mean(int axis) implements ArithmeticOp {
        @Override
        public Shape shape(List<Shape> in) {
            return Op.withAxis(in, axis).without(axis);
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.mean(tensor, this);
        }
    }
}
