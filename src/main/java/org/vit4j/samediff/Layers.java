package org.vit4j.samediff;

import java.util.HashMap;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.graph.Activation;

/**
 * The layers that SameDiff M2.1 has wrong or slow, composed of operations that were measured right.
 *
 * <p>ND4J's {@code layerNorm} has no epsilon; {@code gelu} is the sigmoid form and {@code preciseGelu} neither form;
 * {@code linear} gives wrong numbers with the default memory manager; and the gradient of a broadcast over rows is up
 * to 200 times slower than the matrix product that expands the small operand. Matrices are [N, C], N = B * T.
 */
final class Layers {
    private final SameDiff sd;
    private final DataType type;
    private final SDVariable onePerExample;
    private final Map<Long, SDVariable> ones = new HashMap<>();
    private final Map<String, SDVariable> constants = new HashMap<>();

    /** @param input any input of the graph, [B, ..]; it only tells the size of the batch */
    Layers(SameDiff sd, SDVariable input, int rank, DataType type) {
        this.sd = sd;
        this.type = type;
        int[] begin = new int[rank];
        int[] size = new int[rank];
        java.util.Arrays.fill(size, 1);
        size[0] = -1;
        this.onePerExample = sd.reshape(sd.onesLike(sd.slice(input, begin, size)), -1, 1);
    }

    /** [N, 1] of ones, N = B * rows. */
    private SDVariable ones(long rows) {
        if (rows == 1) return onePerExample;
        return ones.computeIfAbsent(rows, n -> sd.reshape(sd.mmul(onePerExample, filled(1, n, 1)), -1, 1));
    }

    private SDVariable filled(long height, long width, double value) {
        String key = height + "x" + width + "=" + value;
        return constants.computeIfAbsent(
                key, any -> sd.constant(Nd4j.valueArrayOf(new long[] {height, width}, value, type)));
    }

    /** [size] -> [N, size], the same in every row. */
    SDVariable rows(SDVariable vector, long size, long rows) {
        return sd.mmul(ones(rows), sd.reshape(vector, 1, size));
    }

    /** [any] -> [B, size], the same for every example. */
    SDVariable examples(SDVariable weight, long size) {
        return sd.mmul(onePerExample, sd.reshape(weight, 1, size));
    }

    /** [B, 1] -> [B, size] */
    SDVariable expand(SDVariable column, long size) {
        return sd.mmul(column, filled(1, size, 1));
    }

    /** [N, C] over the last axis, with epsilon. */
    SDVariable layerNorm(SDVariable x, long width, long rows, SDVariable gamma, SDVariable beta, double epsilon) {
        SDVariable average = filled(width, 1, 1.0 / width);
        SDVariable centred = x.sub(expand(sd.mmul(x, average), width));
        SDVariable variance = sd.mmul(centred.mul(centred), average);
        SDVariable inverse = sd.math().rsqrt(variance.add(epsilon));
        return centred.mul(expand(inverse, width)).mul(rows(gamma, width, rows)).add(rows(beta, width, rows));
    }

    SDVariable activate(Activation function, SDVariable x) {
        return switch (function) {
            case GELU -> x.mul(0.5).mul(sd.math().erf(x.mul(1 / Math.sqrt(2))).add(1));
            case QUICK_GELU -> x.mul(sd.nn().sigmoid(x.mul(1.702)));
            case RELU -> sd.nn().relu(x, 0);
            case SILU -> x.mul(sd.nn().sigmoid(x));
            case HARD_SWISH -> x.mul(sd.nn().relu6(x.add(3), 0)).mul(1 / 6.0);
        };
    }
}
