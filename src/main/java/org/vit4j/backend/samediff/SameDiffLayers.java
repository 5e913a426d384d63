package org.vit4j.backend.samediff;

import java.util.HashMap;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.graph.Activation;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.NormOp;
import org.vit4j.graph.Shape;

/**
 * Layers whose SameDiff M2.1 implementation is incorrect or slow, composed of operations that were verified.
 *
 * <p>ND4J's {@code layerNorm} has no epsilon; {@code gelu} is the sigmoid approximation, and {@code preciseGelu} is
 * neither the exact nor the tanh form; {@code linear} gives wrong results with the default memory manager. The gradient
 * of a broadcast over rows is up to 200 times slower than a matrix product that expands the small operand. Matrices are
 * [N, C], N = B * T.
 */
final class SameDiffLayers {
    private final SameDiff sd;
    private final DataType type;
    private final SDVariable onePerExample;
    private final Map<Long, SDVariable> ones = new HashMap<>();
    private final Map<String, SDVariable> constants = new HashMap<>();

    /** @param input any input of the graph, [B, ..]; used for the batch size only */
    SameDiffLayers(SameDiff sd, SDVariable input, int rank, DataType type) {
        this.sd = sd;
        this.type = type;
        int[] begin = new int[rank];
        int[] size = new int[rank];
        java.util.Arrays.fill(size, 1);
        size[0] = -1;
        this.onePerExample = sd.reshape(sd.onesLike(sd.slice(input, begin, size)), -1, 1);
    }

    /** Column of ones, [N, 1] with N = B * rows. */
    private SDVariable ones(long rows) {
        if (rows == 1) return onePerExample;
        return ones.computeIfAbsent(rows, n -> sd.reshape(sd.mmul(onePerExample, filled(1, n, 1)), -1, 1));
    }

    private SDVariable filled(long height, long width, double value) {
        String key = height + "x" + width + "=" + value;
        return constants.computeIfAbsent(
                key, any -> sd.constant(Nd4j.valueArrayOf(new long[] {height, width}, value, type)));
    }

    /** Broadcasts a vector to rows, [size] -> [N, size]. */
    SDVariable expandRows(SDVariable vector, long size, long rows) {
        return sd.mmul(ones(rows), sd.reshape(vector, 1, size));
    }

    /** Broadcasts a parameter of {@code size} elements to all examples, [..] -> [B, size]. */
    SDVariable expandExamples(SDVariable weight, long size) {
        return sd.mmul(onePerExample, sd.reshape(weight, 1, size));
    }

    /** Broadcasts a column, [B, 1] -> [B, size]. */
    SDVariable expand(SDVariable column, long size) {
        return sd.mmul(column, filled(1, size, 1));
    }

    /** Layer norm with epsilon over the last axis of [N, C]. */
    SDVariable layerNorm(
            SDVariable x, long width, long rows, SDVariable gamma, SDVariable beta, NormOp.LayerNorm norm) {
        SDVariable average = filled(width, 1, 1.0 / width);
        SDVariable centered = x.sub(expand(sd.mmul(x, average), width));
        SDVariable variance = sd.mmul(centered.mul(centered), average);
        SDVariable inverse = norm.epsilonOutside()
                ? sd.math().reciprocal(sd.math().sqrt(variance).add(norm.epsilon()))
                : sd.math().rsqrt(variance.add(norm.epsilon()));
        return centered.mul(expand(inverse, width))
                .mul(expandRows(gamma, width, rows))
                .add(expandRows(beta, width, rows));
    }

    /** Output of a batch norm in training, [N, C], and the batch statistics, [1, C]. */
    record NormalizedRows(SDVariable output, SDVariable mean, SDVariable variance) {}

    /**
     * Batch norm of [N, C] by the mean and variance of each column; gradients flow through both. The sum of many rows is rounded,
     * so the centered columns have a mean of their own, which is subtracted too: attention maps deviate little from theirs.
     */
    NormalizedRows batchNorm(SDVariable x, long width, long rows, SDVariable gamma, SDVariable beta, double epsilon) {
        SDVariable one = ones(rows);
        SDVariable count = sd.math().reciprocal(sd.mmul(one, one, true, false, false)); // [1, 1]
        SDVariable rounded = columnSums(one, x).mul(count);
        SDVariable centered = x.sub(sd.mmul(one, rounded));
        SDVariable rest = columnSums(one, centered).mul(count);
        SDVariable mean = rounded.add(rest);
        SDVariable variance = columnSums(one, centered.mul(centered)).mul(count).sub(rest.mul(rest));
        SDVariable scale = sd.reshape(gamma, 1, width).mul(sd.math().rsqrt(variance.add(epsilon)));
        SDVariable shift = sd.reshape(beta, 1, width).sub(rest.mul(scale));
        SDVariable y = centered.mul(sd.mmul(one, scale)).add(sd.mmul(one, shift));
        return new NormalizedRows(y, mean, variance);
    }

    /** [N, 1], [N, C] -> [1, C]. Without transposing: ND4J's gradient of a transposed product is wrong for C = 1. */
    private SDVariable columnSums(SDVariable one, SDVariable x) {
        return sd.mmul(sd.reshape(one, 1, -1), x);
    }

    /** Batch norm of [N, C] by running statistics: an affine map of each column. */
    SDVariable affine(
            SDVariable x,
            long width,
            long rows,
            SDVariable gamma,
            SDVariable beta,
            SDVariable mean,
            SDVariable variance,
            double epsilon) {
        SDVariable scale = gamma.mul(sd.math().rsqrt(variance.add(epsilon)));
        SDVariable shift = beta.sub(mean.mul(scale));
        return x.mul(expandRows(scale, width, rows)).add(expandRows(shift, width, rows));
    }

    /** Group norm, [B, H, W, C] -> [B * H * W, C]; statistics of each channel group over all pixels. */
    SDVariable groupNorm(SDVariable x, Shape shape, SDVariable gamma, SDVariable beta, NormOp.GroupNorm norm) {
        long pixels = (long) shape.dim(0) * shape.dim(1);
        long channels = shape.last();
        long width = channels / norm.groups();
        SDVariable grouped = sd.permute(sd.reshape(x, -1, pixels, norm.groups(), width), 0, 2, 1, 3);
        SDVariable flat = sd.reshape(grouped, -1, pixels * width);
        SDVariable average = filled(pixels * width, 1, 1.0 / (pixels * width));
        SDVariable centered = flat.sub(expand(sd.mmul(flat, average), pixels * width));
        SDVariable variance = sd.mmul(centered.mul(centered), average);
        SDVariable scaled = centered.mul(expand(sd.math().rsqrt(variance.add(norm.epsilon())), pixels * width));
        SDVariable back = sd.permute(sd.reshape(scaled, -1, norm.groups(), pixels, width), 0, 2, 1, 3);
        return sd.reshape(back, -1, channels)
                .mul(expandRows(gamma, channels, pixels))
                .add(expandRows(beta, channels, pixels));
    }

    /** Standardizes a kernel [kH, kW, in, out]: zero mean and unit variance of each filter. */
    SDVariable standardizeKernel(SDVariable kernel, Shape shape, double epsilon) {
        long filters = shape.last();
        long fan = shape.size() / filters;
        SDVariable w = sd.reshape(kernel, fan, filters);
        SDVariable average = filled(1, fan, 1.0 / fan);
        SDVariable column = filled(fan, 1, 1);
        SDVariable centered = w.sub(sd.mmul(column, sd.mmul(average, w)));
        SDVariable variance = sd.mmul(average, centered.mul(centered));
        SDVariable scaled = centered.mul(sd.mmul(column, sd.math().rsqrt(variance.add(epsilon))));
        return sd.reshape(
                scaled, shape.dims().stream().mapToLong(Integer::longValue).toArray());
    }

    /** Performer features exp(x w' - |x|^2 / 2) / sqrt(m), [N, D] -> [N, m]. */
    SDVariable performerFeatures(SDVariable x, long width, SDVariable w, long features) {
        SDVariable half = sd.mmul(x.mul(x), filled(width, features, 0.5));
        return sd.math().exp(sd.mmul(x, w, false, true, false).sub(half)).mul(1 / Math.sqrt((double) features));
    }

    /** Linear attention, q [B, T, m], k [B, S, m], v [B, S, n] -> [B, T, n]. */
    SDVariable linearAttention(
            SDVariable q,
            SDVariable k,
            SDVariable v,
            Shape queries,
            long width,
            AttentionOp.LinearAttention attention) {
        SDVariable sums = sd.expandDims(k.sum(1), 2); // [B, m, 1]
        SDVariable norm = sd.reshape(sd.mmul(q, sums), -1, 1).add(attention.epsilon()); // [B * T, 1]
        SDVariable context = sd.mmul(q, sd.mmul(k, v, true, false, false)); // [B, T, n]
        SDVariable rows = sd.reshape(context, -1, width).mul(expand(sd.math().reciprocal(norm), width));
        return sd.reshape(rows, queries.with(1, (int) width).batched(-1));
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
