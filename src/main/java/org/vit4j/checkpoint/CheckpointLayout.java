package org.vit4j.checkpoint;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.vit4j.checkpoint.names.CheckpointNames;
import org.vit4j.graph.Op;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.ParameterOp;
import org.vit4j.graph.Role;
import org.vit4j.graph.Shape;

/**
 * Keys and axis order of a parameter in PyTorch checkpoints.
 *
 * <p>vit4j uses the order of Keras: dense [in, out], convolutions [kH, kW, in, out]. PyTorch uses [out, in] and [out,
 * in, kH, kW].
 *
 * @param keys one key, or several whose arrays are concatenated along the first axis: query, key and value
 * @param form special shape of the array in the checkpoint, if any
 */
public record CheckpointLayout(
        Parameter weight, List<String> keys, AxisOrder order, Optional<CheckpointNames.TensorForm> form) {
    /** Conversion of the axes of a checkpoint array to the model's. */
    public enum AxisOrder {
        SAME,
        /** The first axis becomes the last: [out, in] -> [in, out], [C, H, W] -> [H, W, C]. */
        FIRST_LAST,
        /** A kernel: [out, in] -> [in, out], [out, in, kH, kW] -> [kH, kW, in, out]. */
        KERNEL
    }

    public CheckpointLayout {
        keys = List.copyOf(keys);
    }

    /**
     * Layout of a parameter by a naming scheme, such as {@code blocks.0.norm1.weight} for {@code
     * blocks.0.norm1.gamma}.
     */
    public static CheckpointLayout of(Parameter weight, CheckpointNames scheme) {
        String name = weight.name();
        CheckpointNames.RenamedKey renamed = scheme.toCheckpoint(name);
        Optional<CheckpointNames.TensorForm> form = scheme.form(name);
        if (renamed.matched() == name.length()) {
            return new CheckpointLayout(
                    weight,
                    renamed.checkpointKeys(),
                    renamed.transposed() ? AxisOrder.FIRST_LAST : AxisOrder.SAME,
                    form);
        }
        String leaf = name.substring(name.lastIndexOf('.') + 1);
        List<String> keys = renamed.checkpointKeys().stream()
                .map(key -> key.substring(0, key.lastIndexOf('.') + 1) + torchLeaf(leaf, weight))
                .toList();
        return new CheckpointLayout(weight, keys, leaf.equals("kernel") ? AxisOrder.KERNEL : AxisOrder.SAME, form);
    }

    private static String torchLeaf(String leaf, Parameter weight) {
        return switch (leaf) {
            case "kernel" -> "weight";
            case "gamma" -> weight.role() == Role.LAYER_SCALE ? "gamma" : "weight";
            case "beta" -> "bias";
            case "mean" -> "running_mean";
            case "variance" -> "running_var";
            default -> leaf;
        };
    }

    /** The first key. */
    public String key() {
        return keys.get(0);
    }

    /**
     * Converts the shape of a checkpoint array to the model's axis order. The result differs from the parameter's
     * shape if the checkpoint has another image size, number of classes or channels; it is empty if the array cannot
     * be this parameter.
     */
    public Optional<Shape> modelShape(List<Integer> shapeInFile) {
        if (shapeInFile.stream().anyMatch(dim -> dim < 1)) return Optional.empty();
        int rank = weight.shape().rank();
        if (order == AxisOrder.KERNEL) return shapeInFile.size() < 2 ? Optional.empty() : kernel(shapeInFile, rank);
        List<Integer> dims = order == AxisOrder.SAME ? shapeInFile : firstLast(shapeInFile, rank);
        if (squeezed(dims).equals(squeezed(weight.shape().dims()))) return Optional.of(weight.shape());
        for (List<Integer> candidate : List.of(trailing(dims, rank), squeezed(dims))) {
            if (candidate.size() == rank) return Optional.of(new Shape(candidate));
        }
        return Optional.empty();
    }

    private Optional<Shape> kernel(List<Integer> shapeInFile, int rank) {
        int out = shapeInFile.get(0);
        long in = shapeInFile.subList(1, shapeInFile.size()).stream()
                .mapToLong(Integer::longValue)
                .reduce(1, (a, b) -> Math.min(a * b, Integer.MAX_VALUE));
        if (rank == 2) return Optional.of(Shape.of((int) in, out));
        if (rank != 4) return Optional.empty();
        if (shapeInFile.size() == 4)
            return Optional.of(Shape.of(shapeInFile.get(2), shapeInFile.get(3), shapeInFile.get(1), out));
        // The checkpoint has a dense layer over flattened patches (row, column, channel), the model a convolution.
        int h = weight.shape().dim(0), w = weight.shape().dim(1);
        boolean patches = shapeInFile.size() == 2 && in % ((long) h * w) == 0;
        return patches ? Optional.of(Shape.of(h, w, (int) in / (h * w), out)) : Optional.empty();
    }

    /**
     * Shape of the array in a checkpoint.
     *
     * @param owner operation with this parameter; learned tokens and position tables have a batch axis in checkpoints
     */
    public int[] checkpointShape(Op owner) {
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
        if (owner instanceof ParameterOp.AddParameter || owner instanceof ParameterOp.LearnedTokens) dims.add(0, 1);
        return dims.stream().mapToInt(Integer::intValue).toArray();
    }

    private static List<Integer> squeezed(List<Integer> dims) {
        return dims.stream().filter(dim -> dim != 1).toList();
    }

    /** Removes leading axes of length 1 while there are more than {@code rank} axes. */
    private static List<Integer> trailing(List<Integer> dims, int rank) {
        int from = 0;
        while (dims.size() - from > rank && dims.get(from) == 1) from++;
        return dims.subList(from, dims.size());
    }

    private static List<Integer> firstLast(List<Integer> shapeInFile, int rank) {
        List<Integer> dims = new ArrayList<>(trailing(shapeInFile, rank));
        Collections.rotate(dims, -1);
        return dims;
    }

    /**
     * Converts values of a checkpoint to the model's axis order.
     *
     * @throws IllegalArgumentException if {@link #modelShape} is empty for this shape
     */
    public float[] toModel(int[] checkpointDims, float[] values) {
        List<Integer> shapeInFile =
                java.util.Arrays.stream(checkpointDims).boxed().toList();
        Shape modelShape = modelShape(shapeInFile)
                .filter(shape -> shape.size() == values.length)
                .orElseThrow(() -> new IllegalArgumentException(
                        key() + ": shape " + shapeInFile + " does not fit " + weight.name() + " " + weight.shape()));
        return switch (order) {
            case SAME -> values;
            case FIRST_LAST -> transposed(values, first(shapeInFile), values.length / first(shapeInFile));
            case KERNEL -> kernel(checkpointDims, modelShape, values, true);
        };
    }

    /** Converts values of the model to the axis order of a checkpoint; the inverse of {@link #toModel}. */
    public float[] toCheckpoint(int[] checkpointDims, float[] values) {
        List<Integer> shapeInFile =
                java.util.Arrays.stream(checkpointDims).boxed().toList();
        return switch (order) {
            case SAME -> values;
            case FIRST_LAST -> transposed(values, values.length / first(shapeInFile), first(shapeInFile));
            case KERNEL -> kernel(checkpointDims, weight.shape(), values, false);
        };
    }

    /** Length of the axis that becomes the last. */
    private int first(List<Integer> shapeInFile) {
        return trailing(shapeInFile, weight.shape().rank()).get(0);
    }

    private float[] kernel(int[] checkpointDims, Shape modelShape, float[] values, boolean toModel) {
        if (checkpointDims.length == 4 && modelShape.rank() == 4) return convolution(modelShape, values, toModel);
        int out = modelShape.last();
        int in = values.length / out;
        return toModel ? transposed(values, out, in) : transposed(values, in, out);
    }

    private static float[] transposed(float[] values, int rows, int columns) {
        float[] result = new float[values.length];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) result[c * rows + r] = values[r * columns + c];
        }
        return result;
    }

    /** [out, in, h, w] -> [h, w, in, out], or the inverse. */
    private static float[] convolution(Shape modelShape, float[] values, boolean toModel) {
        int h = modelShape.dim(0), w = modelShape.dim(1), in = modelShape.dim(2), out = modelShape.dim(3);
        float[] result = new float[values.length];
        int modelIndex = 0;
        for (int y = 0; y < h; y++) {
            for (int x = 0; x < w; x++) {
                for (int i = 0; i < in; i++) {
                    for (int o = 0; o < out; o++, modelIndex++) {
                        int checkpointIndex = ((o * in + i) * h + y) * w + x;
                        if (toModel) result[modelIndex] = values[checkpointIndex];
                        else result[checkpointIndex] = values[modelIndex];
                    }
                }
            }
        }
        return result;
    }
}
