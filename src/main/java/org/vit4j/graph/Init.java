package org.vit4j.graph;

import java.util.SplittableRandom;

/** How a weight starts. Values are drawn in order, so a seed and a shape give the same numbers everywhere. */
public sealed interface Init {
    Init ZEROS = new Constant(0);
    Init ONES = new Constant(1);

    /** The values of a weight of this shape, row by row. */
    float[] values(Shape shape, SplittableRandom random);

    record Constant(double value) implements Init {
        @Override
        public float[] values(Shape shape, SplittableRandom random) {
            float[] values = new float[Math.toIntExact(shape.size())];
            java.util.Arrays.fill(values, (float) value);
            return values;
        }
    }

    /** Uniform in {@code [-bound, bound)}. */
    record Uniform(double bound) implements Init {
        @Override
        public float[] values(Shape shape, SplittableRandom random) {
            float[] values = new float[Math.toIntExact(shape.size())];
            for (int i = 0; i < values.length; i++) values[i] = (float) ((random.nextDouble() * 2 - 1) * bound);
            return values;
        }
    }

    record Normal(double std) implements Init {
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
    record TruncatedNormal(double std) implements Init {
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

    /** Values known beforehand: sinusoid tables and the like. */
    record Values(float[] given) implements Init {
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
    interface Scheme {
        /** @param fanIn inputs of one output unit */
        Init denseKernel(int fanIn, int fanOut);

        Init denseBias(int fanIn);

        Init convKernel(int fanIn, int fanOut);

        Init convBias(int fanIn);
    }

    /** PyTorch's defaults for {@code nn.Linear} and {@code nn.Conv2d}: uniform in 1/sqrt(fan in), biases too. */
    Scheme PYTORCH = new Scheme() {
        @Override
        public Init denseKernel(int fanIn, int fanOut) {
            return new Uniform(1 / Math.sqrt(fanIn));
        }

        @Override
        public Init denseBias(int fanIn) {
            return new Uniform(1 / Math.sqrt(fanIn));
        }

        @Override
        public Init convKernel(int fanIn, int fanOut) {
            return new Uniform(1 / Math.sqrt(fanIn));
        }

        @Override
        public Init convBias(int fanIn) {
            return new Uniform(1 / Math.sqrt(fanIn));
        }
    };

    /** timm's vision transformers: dense kernels normal with std 0.02, dense biases 0, convolutions as PyTorch's. */
    Scheme TIMM = new Scheme() {
        @Override
        public Init denseKernel(int fanIn, int fanOut) {
            return new TruncatedNormal(0.02);
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
    Scheme XAVIER = new Mixed((in, out) -> new Uniform(Math.sqrt(6.0 / (in + out))), TIMM);

    /** A scheme with other kernels in dense layers. */
    record Mixed(ByFans dense, Scheme rest) implements Scheme {
        /** A start by fan in and fan out. */
        public interface ByFans {
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
