package org.vit4j.graph;

import java.util.List;

/** Layers with a kernel: dense layers and convolutions. */
public sealed interface LinearOp extends Op {
    /** [.., in] -> [.., units] by kernel [in, units] and bias [units]. */
    record Dense(int units, boolean bias) implements LinearOp {
        @Override
        public Shape shape(List<Shape> in) {
            Shape x = Op.ranked(in);
            return x.with(x.rank() - 1, units);
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

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.dense(tensor, this);
        }
    }

    /** [H, W, C] -> [H', W', filters] by kernel [kH, kW, C / groups, filters]. */
    record Conv2d(int filters, Window window, int groups, boolean bias) implements LinearOp {
        @Override
        public Shape shape(List<Shape> in) {
            Shape x = Op.rank(in.get(0), 3, "an image [H, W, C]");
            Op.checkCount("groups", groups);
            Op.check(x.last() % groups == 0, "%d channels cannot be split into %d groups", x.last(), groups);
            Op.check(filters % groups == 0, "%d filters cannot be split into %d groups", filters, groups);
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

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.conv2d(tensor, this);
        }
    }

    /**
     * Convolution whose kernel is standardized to zero mean and unit variance per filter (Qiao et al. 2019,
     * arXiv:1903.10520): [H, W, C] -> [H', W', filters], no bias.
     */
    record StandardizedConv2d(int filters, Window window, double epsilon) implements LinearOp {
        /** The convolution without standardization. */
        public Conv2d conv() {
            return new Conv2d(filters, window, 1, false);
        }

        @Override
        public Shape shape(List<Shape> in) {
            return conv().shape(in);
        }

        @Override
        public List<Parameter> parameters(String name, List<Shape> in, Init.InitScheme scheme) {
            return conv().parameters(name, in, scheme);
        }

        @Override
        public long macs(List<Shape> in, Shape out) {
            return conv().macs(in, out);
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.standardizedConv2d(tensor, this);
        }
    }
}
