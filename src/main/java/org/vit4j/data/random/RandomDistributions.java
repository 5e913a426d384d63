package org.vit4j.data.random;

import java.util.SplittableRandom;

/** Normal and beta distributions whose draws do not depend on the Java version. */
public final class RandomDistributions {
    private RandomDistributions() {}

    /** Standard normal, by Marsaglia's polar method. */
    public static double normal(SplittableRandom random) {
        while (true) {
            double x = 2 * random.nextDouble() - 1;
            double y = 2 * random.nextDouble() - 1;
            double square = x * x + y * y;
            if (square < 1 && square > 0) return x * Math.sqrt(-2 * StrictMath.log(square) / square);
        }
    }

    /** Beta(alpha, alpha), from 0 to 1. */
    public static double beta(double alpha, SplittableRandom random) {
        double a = logGamma(alpha, random);
        double b = logGamma(alpha, random);
        return 1 / (1 + StrictMath.exp(b - a));
    }

    /**
     * Logarithm of a Gamma(shape, 1) draw (Marsaglia and Tsang 2000). The draw itself would underflow to 0 for small shapes.
     */
    private static double logGamma(double shape, SplittableRandom random) {
        double boost = 0;
        double k = shape;
        if (shape < 1) {
            boost = StrictMath.log(1 - random.nextDouble()) / shape;
            k = shape + 1;
        }
        double d = k - 1 / 3.0;
        double c = 1 / Math.sqrt(9 * d);
        while (true) {
            double x = normal(random);
            double v = 1 + c * x;
            if (v <= 0) continue;
            double logV = 3 * StrictMath.log(v);
            if (StrictMath.log(1 - random.nextDouble()) < x * x / 2 + d - d * v * v * v + d * logV) {
                return StrictMath.log(d) + logV + boost;
            }
        }
    }
}
