package org.vit4j.graph;

import java.util.List;

/** The part of the vocabulary that sees rows and columns, and the normalizations over a batch or groups. */
public sealed interface ImageOp extends Op {
    /**
     * Normalization over the batch, one mean and variance for each element of {@code axis}. In training by the batch's
     * own statistics, from which running ones are kept: running = (1 - momentum) * running + momentum * batch, the
     * variance unbiased.
     */
    record BatchNorm(int axis, double epsilon, double momentum, Init gamma) implements ImageOp {
        @Override
        public Shape shape(List<Shape> in) {
            return in.get(0);
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
    }

    /**
     * A convolution whose kernel is first brought to zero mean and unit variance, filter by filter (Qiao et al. 2019,
     * arXiv:1903.10520): [H, W, C] -> [H', W', filters], no bias.
     */
    record StandardizedConv2d(int filters, Window window, double epsilon) implements ImageOp {
        private Op.Conv2d plain() {
            return new Op.Conv2d(filters, window, 1, false);
        }

        @Override
        public Shape shape(List<Shape> in) {
            return plain().shape(in);
        }

        @Override
        public List<Parameter> parameters(String name, List<Shape> in, Init.InitScheme scheme) {
            return plain().parameters(name, in, scheme);
        }

        @Override
        public long macs(List<Shape> in, Shape out) {
            return plain().macs(in, out);
        }
    }

    /** Zeros around an image: [H, W, C] -> [top + H + bottom, left + W + right, C]. */
    record Pad(int top, int bottom, int left, int right) implements ImageOp {
        @Override
        public Shape shape(List<Shape> in) {
            Shape x = Op.rank(in.get(0), 3, "an image [H, W, C]");
            return Shape.of(top + x.dim(0) + bottom, left + x.dim(1) + right, x.last());
        }
    }

    /** Soft split (PyTorch's Unfold): [H, W, C] -> [T, C * kH * kW], a token's values in order channel, row, column. */
    record Unfold(Window window) implements ImageOp {
        @Override
        public Shape shape(List<Shape> in) {
            Shape x = Op.rank(in.get(0), 3, "an image [H, W, C]");
            int tokens = window.outHeight(x.dim(0)) * window.outWidth(x.dim(1));
            return Shape.of(tokens, x.last() * window.kernelHeight() * window.kernelWidth());
        }
    }

    record MaxPool(Window window) implements ImageOp {
        @Override
        public Shape shape(List<Shape> in) {
            Shape x = Op.rank(in.get(0), 3, "an image [H, W, C]");
            return Shape.of(window.outHeight(x.dim(0)), window.outWidth(x.dim(1)), x.last());
        }
    }

    /**
     * Mean of each window, padding counted as zeros (PyTorch's {@code count_include_pad}).
     *
     * @param ceil whether a last window may reach over the padded edge; it is then divided by its part within, and one
     *     that would begin in the right or lower padding is left out
     */
    record AvgPool(Window window, boolean ceil) implements ImageOp {
        @Override
        public Shape shape(List<Shape> in) {
            Shape x = Op.rank(in.get(0), 3, "an image [H, W, C]");
            if (!ceil) return Shape.of(window.outHeight(x.dim(0)), window.outWidth(x.dim(1)), x.last());
            int h = ceiled(x.dim(0), window.kernelHeight(), window.strideHeight(), window.padHeight());
            int w = ceiled(x.dim(1), window.kernelWidth(), window.strideWidth(), window.padWidth());
            return Shape.of(h, w, x.last());
        }

        private static int ceiled(int size, int kernel, int stride, int pad) {
            int out = Math.floorDiv(size + 2 * pad - kernel + stride - 1, stride) + 1;
            return (out - 1) * stride >= size + pad ? out - 1 : out;
        }
    }

    /** Bicubic resizing as PyTorch's {@code interpolate}: a = -0.75, half-pixel centers, no antialiasing. */
    record Resize(int height, int width) implements ImageOp {
        @Override
        public Shape shape(List<Shape> in) {
            Shape x = Op.rank(in.get(0), 3, "an image [H, W, C]");
            return Shape.of(height, width, x.last());
        }

        /** The weights of one axis, [from][to]: resizing is a product with one such matrix for rows, one for columns. */
        public static double[][] matrix(int from, int to) {
            double[][] matrix = new double[from][to];
            for (int i = 0; i < to; i++) {
                double at = (i + 0.5) * from / to - 0.5;
                int floor = (int) Math.floor(at);
                for (int tap = -1; tap <= 2; tap++) {
                    int source = Math.min(Math.max(floor + tap, 0), from - 1);
                    matrix[source][i] += cubic(Math.abs(at - floor - tap));
                }
            }
            return matrix;
        }

        private static double cubic(double x) {
            double a = -0.75;
            return x <= 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
        }
    }

    /** Normalization over the pixels and the channels of a group, [H, W, C] (Wu and He 2018). */
    record GroupNorm(int groups, double epsilon) implements ImageOp {
        @Override
        public Shape shape(List<Shape> in) {
            Shape x = Op.rank(in.get(0), 3, "an image [H, W, C]");
            Op.check(x.last() % groups == 0, "%d channels cannot be cut into %d groups", x.last(), groups);
            return x;
        }

        @Override
        public List<Parameter> parameters(String name, List<Shape> in, Init.InitScheme scheme) {
            Shape channels = Shape.of(in.get(0).last());
            return List.of(
                    new Parameter(name + ".gamma", channels, Role.NORM, Init.ONES),
                    new Parameter(name + ".beta", channels, Role.NORM, Init.ZEROS));
        }
    }
}
