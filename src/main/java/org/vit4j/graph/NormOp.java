package org.vit4j.graph;

import java.util.List;

/** Normalizations, each with a learned scale and shift. */
public sealed interface NormOp extends Op {
    /**
     * Zero mean and unit variance over the last axis, then gamma and beta.
     *
     * @param epsilonOutside true if epsilon is added to the standard deviation, false if to the variance
     */
    record LayerNorm(double epsilon, boolean epsilonOutside) implements NormOp {
        @Override
        public Shape shape(List<Shape> in) {
            Op.checkEpsilon(epsilon);
            return Op.ranked(in);
        }

        @Override
        public List<Parameter> parameters(String name, List<Shape> in, Init.InitScheme scheme) {
            Shape channels = Shape.of(in.get(0).last());
            return List.of(
                    new Parameter(name + ".gamma", channels, Role.NORM, Init.ONES),
                    new Parameter(name + ".beta", channels, Role.NORM, Init.ZEROS));
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.layerNorm(tensor, this);
        }
    }

    /**
     * Batch normalization with one mean and variance per element of {@code axis}. Training uses the statistics of the
     * batch and updates running = (1 - momentum) * running + momentum * batch, with the unbiased variance.
     */
    record BatchNorm(int axis, double epsilon, double momentum, Init gamma) implements NormOp {
        @Override
        public Shape shape(List<Shape> in) {
            Op.checkEpsilon(epsilon);
            return Op.withAxis(in, axis);
        }

        @Override
        public List<Parameter> parameters(String name, List<Shape> in, Init.InitScheme scheme) {
            Shape channels = Shape.of(in.get(0).dim(axis));
            return List.of(
                    new Parameter(name + ".gamma", channels, Role.NORM, gamma),
                    new Parameter(name + ".beta", channels, Role.NORM, Init.ZEROS),
                    new Parameter(name + ".mean", channels, Role.RUNNING_STAT, Init.ZEROS),
                    new Parameter(name + ".variance", channels, Role.RUNNING_STAT, Init.ONES));
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.batchNorm(tensor, this);
        }
    }

    /** Group normalization over the pixels and channels of each group, [H, W, C] (Wu and He 2018). */
    record GroupNorm(int groups, double epsilon) implements NormOp {
        @Override
        public Shape shape(List<Shape> in) {
            Shape x = Op.rank(in.get(0), 3, "an image [H, W, C]");
            Op.checkEpsilon(epsilon);
            Op.checkCount("groups", groups);
            Op.check(x.last() % groups == 0, "%d channels cannot be split into %d groups", x.last(), groups);
            return x;
        }

        @Override
        public List<Parameter> parameters(String name, List<Shape> in, Init.InitScheme scheme) {
            Shape channels = Shape.of(in.get(0).last());
            return List.of(
                    new Parameter(name + ".gamma", channels, Role.NORM, Init.ONES),
                    new Parameter(name + ".beta", channels, Role.NORM, Init.ZEROS));
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.groupNorm(tensor, this);
        }
    }
}
