package org.vit4j.keras;

import static org.vit4j.keras.KerasNetwork.config;

import java.util.List;
import java.util.Map;
import org.vit4j.graph.ArithmeticOp;
import org.vit4j.graph.LayoutOp;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;

/** Reshaping, slicing, concatenation, and means along an axis. */
final class ShapeLayers {
    private ShapeLayers() {}

    static KerasNode concat(KerasNetwork net, Tensor t, LayoutOp.Concat concat, List<KerasNode> parts) {
        return net.merge(t.name(), "Concatenate", config("axis", concat.axis() + 1), t.shape(), parts);
    }

    static KerasNode reshape(KerasNetwork net, String path, KerasNode x, Shape to) {
        return net.layer(path, "Reshape", config("target_shape", to.dims()), to, x);
    }

    static KerasNode permute(KerasNetwork net, String path, KerasNode x, List<Integer> axes) {
        Shape shape = new Shape(axes.stream().map(x.shape()::dim).toList());
        List<Integer> dims = axes.stream().map(axis -> axis + 1).toList(); // Keras counts the batch axis
        return net.layer(path, "Permute", config("dims", dims), shape, x);
    }

    static KerasNode slice(KerasNetwork net, Tensor t, LayoutOp.Slice slice, KerasNode x) {
        return slice(net, t.name(), x, slice.axis(), slice.from(), slice.to());
    }

    /** Cropping layers support tokens [T, D] and images [H, W, C]. Other axes become the middle one of three. */
    static KerasNode slice(KerasNetwork net, String path, KerasNode x, int axis, int from, int to) {
        Shape shape = x.shape();
        Shape sliced = shape.with(axis, to - from);
        List<Integer> crop = List.of(from, shape.dim(axis) - to);
        if (shape.rank() == 2 && axis == 0) {
            return net.layer(path, "Cropping1D", config("cropping", crop), sliced, x);
        }
        if (shape.rank() == 3 && axis < 2) return crop2d(net, path, x, axis, crop, sliced);
        int before = size(shape, 0, axis);
        int after = size(shape, axis + 1, shape.rank());
        KerasNode three = reshape(net, path + ".three", x, Shape.of(before, shape.dim(axis), after));
        KerasNode cropped = crop2d(net, path + ".crop", three, 1, crop, Shape.of(before, to - from, after));
        return reshape(net, path, cropped, sliced);
    }

    private static KerasNode crop2d(
            KerasNetwork net, String path, KerasNode x, int axis, List<Integer> crop, Shape shape) {
        List<Integer> none = List.of(0, 0);
        List<List<Integer>> both = axis == 0 ? List.of(crop, none) : List.of(none, crop);
        Map<String, Object> config = config("cropping", both, "data_format", "channels_last");
        return net.layer(path, "Cropping2D", config, shape, x);
    }

    /** Mean over any axis. The first axis becomes the tokens of [T, D], any other the columns of an image. */
    static KerasNode mean(KerasNetwork net, Tensor t, ArithmeticOp.Mean mean, KerasNode x) {
        Shape shape = x.shape();
        int before = size(shape, 0, mean.axis());
        int count = shape.dim(mean.axis());
        int after = size(shape, mean.axis() + 1, shape.rank());
        if (before == 1) {
            KerasNode tokens = shape.rank() == 2 ? x : reshape(net, t.name() + ".tokens", x, Shape.of(count, after));
            Map<String, Object> config = config("data_format", "channels_last");
            Shape rest = Shape.of(after);
            if (rest.equals(t.shape())) return net.layer(t.name(), "GlobalAveragePooling1D", config, rest, tokens);
            KerasNode flat = net.layer(t.name() + ".flat", "GlobalAveragePooling1D", config, rest, tokens);
            return reshape(net, t.name(), flat, t.shape());
        }
        KerasNode image = reshape(net, t.name() + ".three", x, Shape.of(before, count, after));
        Map<String, Object> config = config(
                "pool_size",
                List.of(1, count),
                "strides",
                List.of(1, count),
                "padding",
                "valid",
                "data_format",
                "channels_last");
        KerasNode pooled =
                net.layer(t.name() + ".pooled", "AveragePooling2D", config, Shape.of(before, 1, after), image);
        return reshape(net, t.name(), pooled, t.shape());
    }

    private static int size(Shape shape, int from, int to) {
        int size = 1;
        for (int axis = from; axis < to; axis++) size = Math.multiplyExact(size, shape.dim(axis));
        return size;
    }
}
