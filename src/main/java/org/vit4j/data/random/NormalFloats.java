package org.vit4j.data.random;

import java.util.SplittableRandom;

/**
 * Standard normal floats, equal to {@code (float) RandomDistributions.normal(random)} one by one, but computed in blocks:
 * first the accepted points of the polar method, then their logarithms from a table. Not thread-safe.
 */
public final class NormalFloats {
    private static final int BLOCK = 128;

    private static final int TABLE_BITS = 7;

    /** Above this square the table's logarithm loses relative precision. */
    private static final double MAX_TABLE_SQUARE = 0.98;

    /** Bound of the relative error of a float computed with the table, with a margin of 2^4. */
    private static final double ERROR = 0x1p-40;

    private static final double LN2 = StrictMath.log(2);

    /** Reciprocals of the centers of 128 intervals of [1, 2), and their negative logarithms. */
    private static final double[] RECIPROCALS = new double[1 << TABLE_BITS];

    private static final double[] LOGS = new double[1 << TABLE_BITS];

    static {
        for (int i = 0; i < RECIPROCALS.length; i++) {
            RECIPROCALS[i] = 1 / (1 + (i + 0.5) / RECIPROCALS.length);
            LOGS[i] = -StrictMath.log(RECIPROCALS[i]);
        }
    }

    private final double[] xs = new double[BLOCK + 1];
    private final double[] squares = new double[BLOCK + 1];

    /** Draws {@code count} values for {@code out[from..]}. */
    public void fill(float[] out, int from, int count, SplittableRandom random) {
        for (int done = 0; done < count; done += BLOCK) {
            int size = Math.min(BLOCK, count - done);
            drawPoints(size, random);
            for (int i = 0; i < size; i++) out[from + done + i] = value(xs[i], squares[i]);
        }
    }

    /** Draws points of the unit disk. Rejected ones are overwritten, which needs no branch. */
    private void drawPoints(int count, SplittableRandom random) {
        int accepted = 0;
        while (accepted < count) {
            double x = 2 * random.nextDouble() - 1;
            double y = 2 * random.nextDouble() - 1;
            double square = x * x + y * y;
            xs[accepted] = x;
            squares[accepted] = square;
            accepted += square < 1 && square > 0 ? 1 : 0;
        }
    }

    private static float value(double x, double square) {
        if (square < MAX_TABLE_SQUARE) {
            double near = x * Math.sqrt(-2 * log(square) / square);
            float low = (float) (near * (1 - ERROR));
            if (low == (float) (near * (1 + ERROR))) return low;
        }
        return (float) (x * Math.sqrt(-2 * StrictMath.log(square) / square));
    }

    /** Logarithm with an absolute error below 2^-49. */
    static double log(double value) {
        long bits = Double.doubleToRawLongBits(value);
        int exponent = (int) (bits >>> 52) - 1023;
        int interval = (int) (bits >>> (52 - TABLE_BITS)) & ((1 << TABLE_BITS) - 1);
        double mantissa = Double.longBitsToDouble((bits & 0xFFFFFFFFFFFFFL) | 0x3FF0000000000000L);
        double r = mantissa * RECIPROCALS[interval] - 1; // |r| < 2^-8
        double tail = 1 / 5.0 + r * (-1 / 6.0 + r * (1 / 7.0));
        double series = r + r * r * (-0.5 + r * (1 / 3.0 + r * (-0.25 + r * tail)));
        return exponent * LN2 + (LOGS[interval] + series);
    }
}
