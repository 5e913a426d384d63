package org.vit4j.golden;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Error measures, computed in double precision. */
final class Compare {
    private Compare() {}

    /** Largest |difference| over largest |expected|; infinite if a number is not finite or the lengths differ. */
    static double largest(INDArray actual, INDArray expected) {
        if (actual.length() != expected.length()) return Double.POSITIVE_INFINITY;
        INDArray e = expected.castTo(DataType.DOUBLE).reshape(expected.length());
        INDArray a = actual.dup('c').castTo(DataType.DOUBLE).reshape(expected.length());
        return finite(Nd4j.getExecutioner()
                        .exec(new org.nd4j.linalg.api.ops.impl.reduce.same.AMax(a.sub(e)))
                        .getDouble(0)
                / e.amaxNumber().doubleValue());
    }

    /** L2 norm of the difference over the L2 norm of the expected values. */
    static double relative(float[] actual, float[] expected) {
        double difference = 0;
        double squares = 0;
        for (int i = 0; i < expected.length; i++) {
            double d = (double) actual[i] - expected[i];
            difference += d * d;
            squares += (double) expected[i] * expected[i];
        }
        return finite(Math.sqrt(difference / squares));
    }

    static double norm(float[] values) {
        double sum = 0;
        for (float value : values) sum += (double) value * value;
        return Math.sqrt(sum);
    }

    private static double finite(double error) {
        return Double.isFinite(error) ? error : Double.POSITIVE_INFINITY;
    }
}
