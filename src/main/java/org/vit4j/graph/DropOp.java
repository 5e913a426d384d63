package org.vit4j.graph;

import java.util.List;

/** Random regularization. Each operation multiplies by a random mask in training, and returns its input in inference. */
public sealed interface DropOp extends Op {
    /** Probability that an element of the mask is 0. */
    double rate();

    /** Returns the input's shape. */
    @Override
    default Shape shape(List<Shape> in) {
        Op.check(rate() >= 0 && rate() < 1, "rate (%s) must be in [0, 1)", rate());
        return in.get(0);
    }

    /** Name of the mask; {@code tensor} is the name of the output. Operations with the same name share a mask. */
    String mask(String tensor);

    /** Shape of the mask for an input of shape {@code x}, without the batch axis. */
    Shape maskShape(Shape x);

    /** In training, zeroes each element with probability {@code rate} and divides the others by 1 - rate. */
    record Dropout(double rate) implements DropOp {
        @Override
        public String mask(String tensor) {
            return tensor + ".mask";
        }

        @Override
        public Shape maskShape(Shape x) {
            return x;
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.dropout(tensor, this);
        }
    }

    /** In training, zeroes the branch of an example with probability {@code rate}, else divides it by 1 - rate. */
    record DropPath(double rate) implements DropOp {
        @Override
        public String mask(String tensor) {
            return tensor + ".mask";
        }

        @Override
        public Shape maskShape(Shape x) {
            return Shape.of(1);
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.dropPath(tensor, this);
        }
    }

    /**
     * In training, drops a layer of a stack of {@code layers} for the entire batch with probability {@code rate},
     * without rescaling. All branches of a layer are dropped together, and at least one layer of the stack is kept.
     */
    record DropLayer(String stack, int layer, int layers, double rate) implements DropOp {
        @Override
        public Shape shape(List<Shape> in) {
            Op.check(0 <= layer && layer < layers, "layer index %d out of range [0, %d)", layer, layers);
            return DropOp.super.shape(in);
        }

        @Override
        public String mask(String tensor) {
            return stack + ".mask";
        }

        @Override
        public Shape maskShape(Shape x) {
            return Shape.of(layers);
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.dropLayer(tensor, this);
        }
    }
}
