package org.vit4j.graph;

import java.util.List;
import java.util.Optional;

/** Learned arrays that are used directly, without a kernel. */
public sealed interface ParameterOp extends Op {
    /**
     * Adds a parameter of the shape of the input, for example a position table [T, D].
     *
     * @param grid the positions its rows belong to, if they are positions in the image
     */
    record AddParameter(Role role, Init init, Optional<PositionGrid> grid) implements ParameterOp {
        @Override
        public Shape shape(List<Shape> in) {
            return in.get(0);
        }

        @Override
        public List<Parameter> parameters(String name, List<Shape> in, Init.InitScheme scheme) {
            return List.of(new Parameter(name, in.get(0), role, init));
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.addParameter(tensor, this);
        }
    }

    /** Layer scale: multiplies each channel by a parameter [D]. */
    record LayerScale(Init init) implements ParameterOp {
        @Override
        public Shape shape(List<Shape> in) {
            return in.get(0);
        }

        @Override
        public List<Parameter> parameters(String name, List<Shape> in, Init.InitScheme scheme) {
            return List.of(new Parameter(name + ".gamma", Shape.of(in.get(0).last()), Role.LAYER_SCALE, init));
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.layerScale(tensor, this);
        }
    }

    /** Learned tokens [count, D], equal for all examples; only batch size and width of the input [T, D] are used. */
    record LearnedTokens(int count, Init init) implements ParameterOp {
        @Override
        public Shape shape(List<Shape> in) {
            return Shape.of(count, Op.rank(in.get(0), 2, "tokens [T, D]").last());
        }

        @Override
        public List<Parameter> parameters(String name, List<Shape> in, Init.InitScheme scheme) {
            return List.of(new Parameter(name, Shape.of(count, in.get(0).last()), Role.TOKEN, init));
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.learnedTokens(tensor, this);
        }
    }
}
