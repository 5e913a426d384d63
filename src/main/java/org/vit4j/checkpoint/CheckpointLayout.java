package org.vit4j.checkpoint;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.vit4j.graph.Op;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Role;
import org.vit4j.graph.Shape;
import org.vit4j.models.CheckpointNames;

/**
 * Between a weight of ours and PyTorch's, for every architecture: its key, and the order of its axes.
 *
 * <p>Ours are as Keras has them, dense [in, out], convolutions [kH, kW, in, out]; PyTorch's are [out, in] and [out, in,
 * kH, kW].
 *
 * @param keys one, or several whose rows stand one below the other in ours: query, key and value
 * @param form the shape it has there, where that is a special one
 */
public record CheckpointLayout(
        Parameter weight, List<String> keys, AxisOrder order, Optional<CheckpointNames.TensorForm> form) {
    /** How their axes become ours. */
    public enum AxisOrder {
        SAME,
        /** The first axis goes to the end: [out, in] is [in, out], [C, H, W] is [H, W, C]. */
        FIRST_LAST,
        /** A kernel: a matrix is transposed, [out, in, kH, kW] becomes [kH, kW, in, out]. */
        KERNEL
    }

    public CheckpointLayout {
        keys = List.copyOf(keys);
    }

    /** Where a checkpoint has a weight: {@code blocks.0.norm1.gamma} is {@code blocks.0.norm1.weight}. */
    public static CheckpointLayout of(Parameter weight, CheckpointNames scheme) {
        String name = weight.name();
        CheckpointNames.RenamedKey renamed = scheme.toCheckpoint(name);
        Optional<CheckpointNames.TensorForm> form = scheme.form(name);
        if (renamed.matched() == name.length()) {
            return new CheckpointLayout(
                    weight, renamed.theirs(), renamed.transposed() ? AxisOrder.FIRST_LAST : AxisOrder.SAME, form);
        }
        String leaf = name.substring(name.lastIndexOf('.') + 1);
        List<String> keys = renamed.theirs().stream()
                .map(theirs -> theirs.substring(0, theirs.lastIndexOf('.') + 1) + leaf(leaf, weight))
                .toList();
        return new CheckpointLayout(weight, keys, leaf.equals("kernel") ? AxisOrder.KERNEL : AxisOrder.SAME, form);
    }

    private static String leaf(String ours, Parameter weight) {
        return switch (ours) {
            case "kernel" -> "weight";
            case "gamma" -> weight.role() == Role.LAYER_SCALE ? "gamma" : "weight";
            case "beta" -> "bias";
            case "mean" -> "running_mean";
            case "variance" -> "running_var";
            default -> ours;
        };
    }

    /** The only key, or the first of several. */
    public String key() {
        return keys.get(0);
    }

    /**
     * The shape that an array of a checkpoint has in our order: another than the weight's where the checkpoint is of
     * another image size, class or channel count; empty when it cannot be this weight at all.
     */
    public Optional<Shape> ours(List<Integer> theirs) {
        if (theirs.stream().anyMatch(dim -> dim < 1)) return Optional.empty();
        int rank = weight.shape().rank();
        if (order == AxisOrder.KERNEL) return theirs.size() < 2 ? Optional.empty() : kernel(theirs, rank);
        List<Integer> dims = order == AxisOrder.SAME ? theirs : firstLast(theirs, rank);
        if (squeezed(dims).equals(squeezed(weight.shape().dims()))) return Optional.of(weight.shape());
        for (List<Integer> candidate : List.of(trailing(dims, rank), squeezed(dims))) {
            if (candidate.size() == rank) return Optional.of(new Shape(candidate));
        }
        return Optional.empty();
    }

    private Optional<Shape> kernel(List<Integer> theirs, int rank) {
        int out = theirs.get(0);
        long in = theirs.subList(1, theirs.size()).stream()
                .mapToLong(Integer::longValue)
                .reduce(1, (a, b) -> Math.min(a * b, Integer.MAX_VALUE));
        if (rank == 2) return Optional.of(Shape.of((int) in, out));
        if (rank != 4) return Optional.empty();
        if (theirs.size() == 4) return Optional.of(Shape.of(theirs.get(2), theirs.get(3), theirs.get(1), out));
        // A matrix in front of a convolution of ours is a dense layer over patches, (row, column, channel).
        int h = weight.shape().dim(0), w = weight.shape().dim(1);
        boolean patches = theirs.size() == 2 && in % ((long) h * w) == 0;
        return patches ? Optional.of(Shape.of(h, w, (int) in / (h * w), out)) : Optional.empty();
    }

    /**
     * The shape that the array has in a checkpoint.
     *
     * @param owner the operation whose weight it is: tables of tokens and positions have a batch axis there
     */
    public int[] theirs(Op owner) {
        List<Integer> dims = new ArrayList<>(weight.shape().dims());
        if (form.isPresent()) {
            int last = weight.shape().last();
            return switch (form.get()) {
                case PIXEL -> new int[] {last, dims.get(0), 1, 1};
                case PATCHES -> new int[] {last, (int) (weight.size() / last)};
                case CHANNELS -> new int[] {1, last, 1, 1};
                case TOKENS -> new int[] {1, 1, last};
            };
        }
        if (order == AxisOrder.FIRST_LAST) Collections.rotate(dims, 1);
        if (order == AxisOrder.KERNEL && dims.size() == 2) Collections.reverse(dims);
        if (order == AxisOrder.KERNEL && dims.size() == 4)
            dims = List.of(dims.get(3), dims.get(2), dims.get(0), dims.get(1));
        if (owner instanceof Op.AddParameter || owner instanceof Op.LearnedTokens) dims.add(0, 1);
        return dims.stream().mapToInt(Integer::intValue).toArray();
    }

    private static List<Integer> squeezed(List<Integer> dims) {
        return dims.stream().filter(dim -> dim != 1).toList();
    }

    /** Without ones in front, as long as there are more axes than {@code rank}. */
    private static List<Integer> trailing(List<Integer> dims, int rank) {
        int from = 0;
        while (dims.size() - from > rank && dims.get(from) == 1) from++;
        return dims.subList(from, dims.size());
    }

    private static List<Integer> firstLast(List<Integer> theirs, int rank) {
        List<Integer> dims = new ArrayList<>(trailing(theirs, rank));
        Collections.rotate(dims, -1);
        return dims;
    }

    /**
     * Values of a checkpoint in our order.
     *
     * @throws IllegalArgumentException when {@link #ours} has no shape for them
     */
    public float[] toOurs(int[] theirShape, float[] values) {
        List<Integer> theirs = java.util.Arrays.stream(theirShape).boxed().toList();
        Shape ours = ours(theirs)
                .filter(shape -> shape.size() == values.length)
                .orElseThrow(() -> new IllegalArgumentException(
                        key() + ": shape " + theirs + " does not fit " + weight.name() + " " + weight.shape()));
        return switch (order) {
            case SAME -> values;
            case FIRST_LAST -> transposed(values, first(theirs), values.length / first(theirs));
            case KERNEL -> kernel(theirShape, ours, values, true);
        };
    }

    /** Our values in the order of a checkpoint of that shape; the reverse of {@link #toOurs}. */
    public float[] toTheirs(int[] theirShape, float[] values) {
        List<Integer> theirs = java.util.Arrays.stream(theirShape).boxed().toList();
        return switch (order) {
            case SAME -> values;
            case FIRST_LAST -> transposed(values, values.length / first(theirs), first(theirs));
            case KERNEL -> kernel(theirShape, weight.shape(), values, false);
        };
    }

    /** The axis that goes to the end. */
    private int first(List<Integer> theirs) {
        return trailing(theirs, weight.shape().rank()).get(0);
    }

    private float[] kernel(int[] theirShape, Shape ours, float[] values, boolean toOurs) {
        if (theirShape.length == 4 && ours.rank() == 4) return convolution(ours, values, toOurs);
        int out = ours.last();
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
