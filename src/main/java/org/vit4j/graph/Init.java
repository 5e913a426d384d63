package org.vit4j.graph;

import java.util.SplittableRandom;

/**
 * Initializer of a parameter. Values are drawn in row-major order, so seed and shape determine them on every machine.
 */
public sealed interface Init {
    Init ZEROS = new ConstantInit(0);
    Init ONES = new ConstantInit(1);

    /** Draws the values of a parameter of this shape, in row-major order. */
    float[] values(Shape shape, SplittableRandom random);

    record ConstantInit(double value) implements Init {
        @Override
        public float[] values(Shape shape, SplittableRandom random) {
            float[] values = new float[Math.toIntExact(shape.size())];
            java.util.Arrays.fill(values, (float) value);
            return values;
        }
    }

    /** Uniform distribution in {@code [-bound, bound)}. */
    record UniformInit(double bound) implements Init {
        @Override
        public float[] values(Shape shape, SplittableRandom random) {
            float[] values = new float[Math.toIntExact(shape.size())];
            for (int i = 0; i < values.length; i++) values[i] = (float) ((random.nextDouble() * 2 - 1) * bound);
            return values;
        }
    }

    record NormalInit(double std) implements Init {
        @Override
        public float[] values(Shape shape, SplittableRandom random) {
            float[] values = new float[Math.toIntExact(shape.size())];
            for (int i = 0; i < values.length; i++) values[i] = (float) (gaussian(random) * std);
            return values;
        }
    }

    /**
     * Normal distribution truncated to {@code [-2, 2]} by redrawing. The bounds are absolute, as in PyTorch's
     * {@code trunc_normal_}: at the usual std of 0.02 they are a hundred standard deviations away.
     */
    record TruncatedNormalInit(double std) implements Init {
        @Override
        public float[] values(Shape shape, SplittableRandom random) {
            float[] values = new float[Math.toIntExact(shape.size())];
            for (int i = 0; i < values.length; i++) {
                double value = gaussian(random) * std;
                while (Math.abs(value) > 2) value = gaussian(random) * std;
                values[i] = (float) value;
            }
            return values;
        }
    }

    /**
     * Random orthogonal matrix times {@code gain} (Saxe et al. 2014): Gram-Schmidt on normal values. The rows are
     * orthogonal, or the columns if there are fewer of them.
     */
    record OrthogonalInit(double gain) implements Init {
        @Override
        public float[] values(Shape shape, SplittableRandom random) {
            int rows = shape.dim(0);
            int columns = Math.toIntExact(shape.size() / rows);
            int count = Math.min(rows, columns);
            double[][] vectors = new double[count][Math.max(rows, columns)];
            for (int i = 0; i < count; i++) {
                for (int j = 0; j < vectors[i].length; j++) vectors[i][j] = gaussian(random);
                for (int k = 0; k < i; k++) {
                    subtract(vectors[i], vectors[k], dot(vectors[i], vectors[k]));
                }
                double length = Math.sqrt(dot(vectors[i], vectors[i]));
                for (int j = 0; j < vectors[i].length; j++) vectors[i][j] /= length;
            }
            float[] values = new float[rows * columns];
            for (int r = 0; r < rows; r++) {
                for (int c = 0; c < columns; c++) {
                    values[r * columns + c] = (float) (gain * (rows <= columns ? vectors[r][c] : vectors[c][r]));
                }
            }
            return values;
        }

        private static double dot(double[] a, double[] b) {
            double sum = 0;
            for (int i = 0; i < a.length; i++) sum += a[i] * b[i];
            return sum;
        }

        private static void subtract(double[] from, double[] vector, double factor) {
            for (int i = 0; i < from.length; i++) from[i] -= factor * vector[i];
        }
    }

    /** Precomputed values, for example a sinusoid table. */
    record GivenValues(float[] table) implements Init {
        @Override
        public float[] values(Shape shape, SplittableRandom random) {
            if (table.length != shape.size()) throw new IllegalStateException(table.length + " values for " + shape);
            return table.clone();
        }
    }

    /** Box-Muller transform, used because {@link SplittableRandom#nextGaussian} may change between Java releases. */
    private static double gaussian(SplittableRandom random) {
        double radius = Math.sqrt(-2 * Math.log(1 - random.nextDouble()));
        return radius * Math.cos(2 * Math.PI * random.nextDouble());
    }

    /** Default initializers of dense layers and convolutions. */
    interface InitScheme {
        /** @param fanIn inputs of one output unit */
        Init denseKernel(int fanIn, int fanOut);

        Init denseBias(int fanIn);

        Init convKernel(int fanIn, int fanOut);

        Init convBias(int fanIn);
    }

    /**
     * PyTorch's defaults for {@code nn.Linear} and {@code nn.Conv2d}: uniform within 1/sqrt(fan in), also for biases.
     */
    InitScheme PYTORCH = new InitScheme() {
        @Override
        public Init denseKernel(int fanIn, int fanOut) {
            return new UniformInit(1 / Math.sqrt(fanIn));
        }

        @Override
        public Init denseBias(int fanIn) {
            return new UniformInit(1 / Math.sqrt(fanIn));
        }

        @Override
        public Init convKernel(int fanIn, int fanOut) {
            return new UniformInit(1 / Math.sqrt(fanIn));
        }

        @Override
        public Init convBias(int fanIn) {
            return new UniformInit(1 / Math.sqrt(fanIn));
        }
    };

    /**
     * Defaults of timm's vision transformers: dense kernels normal with std 0.02, dense biases 0, convolutions as in
     * PyTorch.
     */
    InitScheme TIMM = new InitScheme() {
        @Override
        public Init denseKernel(int fanIn, int fanOut) {
            return new TruncatedNormalInit(0.02);
        }

        @Override
        public Init denseBias(int fanIn) {
            return ZEROS;
        }

        @Override
        public Init convKernel(int fanIn, int fanOut) {
            return PYTORCH.convKernel(fanIn, fanOut);
        }

        @Override
        public Init convBias(int fanIn) {
            return PYTORCH.convBias(fanIn);
        }
    };

    /** Xavier-uniform dense kernels (Glorot and Bengio 2010), otherwise {@link #TIMM}. */
    InitScheme XAVIER = new MixedScheme((in, out) -> new UniformInit(Math.sqrt(6.0 / (in + out))), TIMM);

    /** Scheme that replaces the dense kernels of another scheme. */
    record MixedScheme(FanFunction dense, InitScheme rest) implements InitScheme {
        /** Initializer as a function of fan in and fan out. */
        public interface FanFunction {
            Init of(int fanIn, int fanOut);
        }

        @Override
        public Init denseKernel(int fanIn, int fanOut) {
            return dense.of(fanIn, fanOut);
        }

        @Override
        public Init denseBias(int fanIn) {
            return rest.denseBias(fanIn);
        }

        @Override
        public Init convKernel(int fanIn, int fanOut) {
            return rest.convKernel(fanIn, fanOut);
        }

        @Override
        public Init convBias(int fanIn) {
            return rest.convBias(fanIn);
        }
    }
}
