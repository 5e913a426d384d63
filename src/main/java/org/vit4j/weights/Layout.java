package org.vit4j.weights;

import org.vit4j.arch.KeyScheme;
import org.vit4j.graph.Role;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Weight;

/**
 * Between our weights and PyTorch's, for every architecture: the last part of the name and the order of the axes.
 *
 * <p>Ours are as Keras has them, dense [in, out], convolutions [kH, kW, in, out]; PyTorch's are [out, in] and [out, in,
 * kH, kW].
 */
public final class Layout {
    private Layout() {}

    /** The checkpoint key of a weight of ours: {@code blocks.0.norm1.gamma} is {@code blocks.0.norm1.weight}. */
    public static String key(Weight weight, KeyScheme scheme) {
        int dot = weight.name().lastIndexOf('.');
        String leaf = weight.name().substring(dot + 1);
        String module = dot < 0 ? "" : weight.name().substring(0, dot);
        String theirs = switch (leaf) {
            case "kernel" -> "weight";
            case "gamma" -> weight.role() == Role.LAYER_SCALE ? "gamma" : "weight";
            case "beta" -> "bias";
            case "bias" -> "bias";
            default -> null;
        };
        return theirs == null ? scheme.theirs(weight.name()) : scheme.theirs(module) + "." + theirs;
    }

    /**
     * Values of a checkpoint in our order.
     *
     * @throws IllegalArgumentException when their shape does not fit ours
     */
    public static float[] toOurs(Weight weight, int[] theirShape, float[] values) {
        Shape ours = weight.shape();
        if (values.length != ours.size()) {
            throw new IllegalArgumentException("shape " + Shape.of(theirShape) + " does not fit " + ours);
        }
        if (weight.role() != Role.KERNEL) return values;
        int out = ours.last();
        int in = (int) (ours.size() / out);
        // [out, in] or [out, c, h, w]; a dense layer over patches, (row, column, channel), is a convolution of ours.
        if (theirShape.length == 4) return convolution(ours, values, true);
        return transposed(values, out, in);
    }

    /** Our values in the order of a checkpoint of that shape; the reverse of {@link #toOurs}. */
    public static float[] toTheirs(Weight weight, int[] theirShape, float[] values) {
        if (weight.role() != Role.KERNEL) return values;
        int out = weight.shape().last();
        int in = (int) (weight.shape().size() / out);
        if (theirShape.length == 4) return convolution(weight.shape(), values, false);
        return transposed(values, in, out);
    }

    private static float[] transposed(float[] values, int rows, int columns) {
        float[] result = new float[values.length];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) result[c * rows + r] = values[r * columns + c];
        }
        return result;
    }

    /** [out, in, h, w] -> [h, w, in, out], or back. */
    private static float[] convolution(Shape ours, float[] values, boolean toOurs) {
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
