package org.vit4j.graph;

import java.util.SplittableRandom;

/** How a weight starts. Values are drawn in order, so a seed and a shape give the same numbers everywhere. */
public sealed interface Init {
    Init ZEROS = new ConstantInit(0);
    Init ONES = new ConstantInit(1);

    /** The values of a weight of this shape, row by row. */
    float[] values(Shape shape, SplittableRandom random);

    record ConstantInit(double value) implements Init {
        @Override
        public float[] values(Shape shape, SplittableRandom random) {
            float[] values = new float[Math.toIntExact(shape.size())];
            java.util.Arrays.fill(values, (float) value);
            return values;
        }
    }

    /** Uniform in {@code [-bound, bound)}. */
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
     * Normal, redrawn outside {@code [-2, 2]}. The bounds are absolute, as in PyTorch's {@code trunc_normal_}: at the
     * usual std of 0.02 they are a hundred standard deviations away.
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
     * Rows, or when there are more of them columns, of length {@code gain} at right angles, their directions even over
     * the sphere (Saxe et al. 2014): normal values, made orthonormal one after the other.
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
                for (int before = 0; before < i; before++) {
                    subtract(vectors[i], vectors[before], dot(vectors[i], vectors[before]));
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

        private static void subtract(double[] from, double[] what, double times) {
            for (int i = 0; i < from.length; i++) from[i] -= times * what[i];
        }
    }

    /** Values known beforehand: sinusoid tables and the like. */
    record GivenValues(float[] given) implements Init {
        @Override
        public float[] values(Shape shape, SplittableRandom random) {
            if (given.length != shape.size()) throw new IllegalStateException(given.length + " values for " + shape);
            return given.clone();
        }
    }

    /** Box and Muller's transform; {@link SplittableRandom#nextGaussian} may change between Java releases. */
    private static double gaussian(SplittableRandom random) {
        double radius = Math.sqrt(-2 * Math.log(1 - random.nextDouble()));
        return radius * Math.cos(2 * Math.PI * random.nextDouble());
    }

    /** How the layers of a network start where the architecture says nothing special. */
    interface InitScheme {
        /** @param fanIn inputs of one output unit */
        Init denseKernel(int fanIn, int fanOut);

        Init denseBias(int fanIn);

        Init convKernel(int fanIn, int fanOut);

        Init convBias(int fanIn);
    }

    /** PyTorch's defaults for {@code nn.Linear} and {@code nn.Conv2d}: uniform in 1/sqrt(fan in), biases too. */
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

    /** timm's vision transformers: dense kernels normal with std 0.02, dense biases 0, convolutions as PyTorch's. */
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

    /** Dense kernels uniform by fan in and fan out (Glorot and Bengio 2010), the rest as {@link #TIMM}. */
    InitScheme XAVIER = new MixedScheme((in, out) -> new UniformInit(Math.sqrt(6.0 / (in + out))), TIMM);

    /** A scheme with other kernels in dense layers. */
    record MixedScheme(FanFunction dense, InitScheme rest) implements InitScheme {
        /** A start by fan in and fan out. */
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
