package org.vit4j.graph;

import java.util.List;

/** Padding, unfolding, pooling and resizing of images [H, W, C]. */
public sealed interface ImageOp extends Op {
    /** Some backends and Keras have no pooling with dilation, or with windows that contain only padding. */
    private static void checkPooling(Window window) {
        Op.check(window.dilation() == 1, "pooling with dilation %d is not supported", window.dilation());
        Op.check(!window.reachesOnlyPadding(), "pooling with windows of padding only is not supported: %s", window);
    }

    /** Zero padding: [H, W, C] -> [top + H + bottom, left + W + right, C]. */
    record Pad(int top, int bottom, int left, int right) implements ImageOp {
        @Override
        public Shape shape(List<Shape> in) {
            Shape x = Op.rank(in.get(0), 3, "an image [H, W, C]");
            boolean valid = Math.min(Math.min(top, bottom), Math.min(left, right)) >= 0;
            Op.check(valid, "padding (%d, %d, %d, %d) must be at least 0", top, bottom, left, right);
            return Shape.of(top + x.dim(0) + bottom, left + x.dim(1) + right, x.last());
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.pad(tensor, this);
        }
    }

    /**
     * PyTorch's Unfold (soft split): [H, W, C] -> [T, C * kH * kW], values of a token ordered by channel, row, column.
     */
    record Unfold(Window window) implements ImageOp {
        @Override
        public Shape shape(List<Shape> in) {
            Shape x = Op.rank(in.get(0), 3, "an image [H, W, C]");
            int tokens = window.outHeight(x.dim(0)) * window.outWidth(x.dim(1));
            return Shape.of(tokens, x.last() * window.kernelHeight() * window.kernelWidth());
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.unfold(tensor, this);
        }
    }

    record MaxPool(Window window) implements ImageOp {
        @Override
        public Shape shape(List<Shape> in) {
            Shape x = Op.rank(in.get(0), 3, "an image [H, W, C]");
            checkPooling(window);
            return Shape.of(window.outHeight(x.dim(0)), window.outWidth(x.dim(1)), x.last());
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.maxPool(tensor, this);
        }
    }

    /**
     * Average pooling that counts padding as zeros (PyTorch's {@code count_include_pad}).
     *
     * @param ceil PyTorch's {@code ceil_mode}: the last window may exceed the padded edge and is divided by its part
     *     inside it; a window that starts in the right or lower padding is omitted
     */
    record AvgPool(Window window, boolean ceil) implements ImageOp {
        @Override
        public Shape shape(List<Shape> in) {
            Shape x = Op.rank(in.get(0), 3, "an image [H, W, C]");
            checkPooling(window);
            if (!ceil) return Shape.of(window.outHeight(x.dim(0)), window.outWidth(x.dim(1)), x.last());
            int h = ceilSize(x.dim(0), window.kernelHeight(), window.strideHeight(), window.padHeight());
            int w = ceilSize(x.dim(1), window.kernelWidth(), window.strideWidth(), window.padWidth());
            return Shape.of(h, w, x.last());
        }

        private static int ceilSize(int size, int kernel, int stride, int pad) {
            int out = Math.floorDiv(size + 2 * pad - kernel + stride - 1, stride) + 1;
            return (out - 1) * stride >= size + pad ? out - 1 : out;
        }

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.avgPool(tensor, this);
        }
    }

    /** Bicubic resizing like PyTorch's {@code interpolate}: a = -0.75, half-pixel centers, no antialiasing. */
    record Resize(int height, int width) implements ImageOp {
        @Override
        public Shape shape(List<Shape> in) {
            Shape x = Op.rank(in.get(0), 3, "an image [H, W, C]");
            return Shape.of(height, width, x.last());
        }

        /**
         * Interpolation matrix of one axis, [from][to]; resizing multiplies by one matrix for rows and one for columns.
         */
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

        @Override
        public <R> R accept(OpVisitor<R> visitor, Tensor tensor) {
            return visitor.resize(tensor, this);
        }
    }
}
