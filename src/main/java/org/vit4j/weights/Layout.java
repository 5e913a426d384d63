package org.vit4j.weights;

import org.vit4j.arch.KeyScheme;
import org.vit4j.graph.Role;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Weight;

/**
 * Between a weight of ours and PyTorch's, for every architecture: its key, and the order of its axes.
 *
 * <p>Ours are as Keras has them, dense [in, out], convolutions [kH, kW, in, out]; PyTorch's are [out, in] and [out, in,
 * kH, kW].
 */
public record Layout(Weight weight, String key, Order order) {
    /** How their axes become ours. */
    public enum Order {
        SAME,
        /** The first axis goes to the end: [out, in] is [in, out], [C, H, W] is [H, W, C]. */
        FIRST_LAST,
        /** A kernel: a matrix is transposed, [out, in, kH, kW] becomes [kH, kW, in, out]. */
        KERNEL
    }

    /** Where a checkpoint has a weight: {@code blocks.0.norm1.gamma} is {@code blocks.0.norm1.weight}. */
    public static Layout of(Weight weight, KeyScheme scheme) {
        String name = weight.name();
        KeyScheme.Renamed renamed = scheme.theirs(name);
        if (renamed.matched() == name.length()) {
            return new Layout(weight, renamed.theirs(), renamed.transposed() ? Order.FIRST_LAST : Order.SAME);
        }
        int dot = renamed.theirs().lastIndexOf('.');
        String module = renamed.theirs().substring(0, dot + 1);
        String leaf = renamed.theirs().substring(dot + 1);
        String theirs = switch (leaf) {
            case "kernel" -> "weight";
            case "gamma" -> weight.role() == Role.LAYER_SCALE ? "gamma" : "weight";
            case "beta" -> "bias";
            case "mean" -> "running_mean";
            case "variance" -> "running_var";
            default -> leaf;
        };
        return new Layout(weight, module + theirs, leaf.equals("kernel") ? Order.KERNEL : Order.SAME);
    }

    /**
     * Values of a checkpoint in our order.
     *
     * @throws IllegalArgumentException when their number does not fit ours
     */
    public float[] toOurs(int[] theirShape, float[] values) {
        if (values.length != weight.shape().size()) {
            throw new IllegalArgumentException(
                    key + ": shape " + Shape.of(theirShape) + " does not fit " + weight.name() + " " + weight.shape());
        }
        return switch (order) {
            case SAME -> values;
            case FIRST_LAST -> transposed(values, first(theirShape), values.length / first(theirShape));
            case KERNEL -> kernel(theirShape, values, true);
        };
    }

    /** Our values in the order of a checkpoint of that shape; the reverse of {@link #toOurs}. */
    public float[] toTheirs(int[] theirShape, float[] values) {
        return switch (order) {
            case SAME -> values;
            case FIRST_LAST -> transposed(values, values.length / first(theirShape), first(theirShape));
            case KERNEL -> kernel(theirShape, values, false);
        };
    }

    /** The first axis that says something: [1, C, H, W] has C in front. */
    private static int first(int[] shape) {
        for (int dim : shape) if (dim > 1) return dim;
        return 1;
    }

    private float[] kernel(int[] theirShape, float[] values, boolean toOurs) {
        // A matrix in front of a convolution of ours is a dense layer over patches, (row, column, channel).
        if (theirShape.length == 4 && weight.shape().rank() == 4) return convolution(values, toOurs);
        int out = weight.shape().last();
        int in = values.length / out;
        return toOurs ? transposed(values, out, in) : transposed(values, in, out);
    }

    private static float[] transposed(float[] values, int rows, int columns) {
        float[] result = new float[values.length];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) result[c * rows + r] = values[r * columns + c];
        }
        return result;
    }

    /** [out, in, h, w] -> [h, w, in, out], or back. */
    private float[] convolution(float[] values, boolean toOurs) {
        Shape ours = weight.shape();
        int h = ours.dim(0), w = ours.dim(1), in = ours.dim(2), out = ours.dim(3);
        float[] result = new float[values.length];
        int our = 0;
        for (int y = 0; y < h; y++) {
            for (int x = 0; x < w; x++) {
                for (int i = 0; i < in; i++) {
                    for (int o = 0; o < out; o++, our++) {
                        int their = ((o * in + i) * h + y) * w + x;
                        if (toOurs) result[our] = values[their];
                        else result[their] = values[our];
                    }
                }
            }
        }
        return result;
    }
}
