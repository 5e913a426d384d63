package org.vit4j.keras;

import static org.vit4j.keras.KerasNetwork.config;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/** Pools, unfolding and resizing of images [H, W, C]: what they multiply by is computed here and frozen. */
final class PoolLayers {
    private PoolLayers() {}

    /**
     * PyTorch pads with minus infinity, Keras with nothing that suits. The rows and columns at the edge once more do the
     * same: every window that sees them again has them already.
     */
    static KerasNode maxPool(KerasNetwork net, Tensor t, Window w, KerasNode x) {
        if (w.padHeight() >= w.kernelHeight() || w.padWidth() >= w.kernelWidth()) {
            throw KerasLayers.unknown(t, "a maximum over padding alone, " + w);
        }
        KerasNode tall = edges(net, t.name() + ".rows", 0, w.padHeight(), x);
        KerasNode wide = edges(net, t.name() + ".columns", 1, w.padWidth(), tall);
        return net.layer(t.name(), "MaxPooling2D", pool(w), t.shape(), wide);
    }

    private static KerasNode edges(KerasNetwork net, String path, int axis, int count, KerasNode x) {
        if (count == 0) return x;
        int size = x.shape().dim(axis);
        KerasNode first = ShapeLayers.slice(net, path + ".first", x, axis, 0, 1);
        KerasNode last = ShapeLayers.slice(net, path + ".last", x, axis, size - 1, size);
        List<KerasNode> parts = new ArrayList<>(Collections.nCopies(count, first));
        parts.add(x);
        parts.addAll(Collections.nCopies(count, last));
        return net.merge(
                path, "Concatenate", config("axis", axis + 1), x.shape().with(axis, size + 2 * count), parts);
    }

    /** Zeros as far as the last windows reach; those over the edge are corrected for what they were divided by. */
    static KerasNode avgPool(KerasNetwork net, Tensor t, Window w, KerasNode x) {
        int below =
                reach(t.dim(0), w.kernelHeight(), w.strideHeight()) - x.shape().dim(0) - w.padHeight();
        int right =
                reach(t.dim(1), w.kernelWidth(), w.strideWidth()) - x.shape().dim(1) - w.padWidth();
        ImageOp.Pad pad = new ImageOp.Pad(w.padHeight(), Math.max(below, 0), w.padWidth(), Math.max(right, 0));
        KerasNode padded = ImageLayers.pad(net, t.name() + ".pad", pad, x);
        if (below <= w.padHeight() && right <= w.padWidth()) {
            return net.layer(t.name(), "AveragePooling2D", pool(w), t.shape(), padded);
        }
        KerasNode mean = net.layer(t.name() + ".whole", "AveragePooling2D", pool(w), t.shape(), padded);
        float[] factors = corrections(x.shape(), t.shape(), w);
        return frozen(net, t.name(), "abcd,bc->abcd", factors, Shape.of(t.dim(0), t.dim(1)), t.shape(), mean);
    }

    private static int reach(int out, int kernel, int stride) {
        return (out - 1) * stride + kernel;
    }

    private static float[] corrections(Shape from, Shape to, Window w) {
        float[] factors = new float[to.dim(0) * to.dim(1)];
        for (int i = 0; i < factors.length; i++) {
            int top = i / to.dim(1) * w.strideHeight();
            int left = i % to.dim(1) * w.strideWidth();
            int tall = Math.min(w.kernelHeight(), from.dim(0) + 2 * w.padHeight() - top);
            int wide = Math.min(w.kernelWidth(), from.dim(1) + 2 * w.padWidth() - left);
            factors[i] = w.kernelHeight() * w.kernelWidth() / (float) (tall * wide);
        }
        return factors;
    }

    private static Map<String, Object> pool(Window w) {
        return config(
                "pool_size",
                List.of(w.kernelHeight(), w.kernelWidth()),
                "strides",
                List.of(w.strideHeight(), w.strideWidth()),
                "padding",
                "valid",
                "data_format",
                "channels_last");
    }

    /** [H, W, C] -> [H', W', C]: a product along the rows, one along the columns. */
    static KerasNode resize(KerasNetwork net, Tensor t, KerasNode x) {
        int height = x.shape().dim(0);
        int width = x.shape().dim(1);
        KerasNode tall = frozen(
                net,
                t.name() + ".rows",
                "abcd,be->aecd",
                flat(ImageOp.Resize.matrix(height, t.dim(0))),
                Shape.of(height, t.dim(0)),
                x.shape().with(0, t.dim(0)),
                x);
        return frozen(
                net,
                t.name(),
                "abcd,ce->abed",
                flat(ImageOp.Resize.matrix(width, t.dim(1))),
                Shape.of(width, t.dim(1)),
                t.shape(),
                tall);
    }

    private static float[] flat(double[][] matrix) {
        float[] values = new float[matrix.length * matrix[0].length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) matrix[i / matrix[0].length][i % matrix[0].length];
        }
        return values;
    }

    private static KerasNode frozen(
            KerasNetwork net,
            String path,
            String equation,
            float[] kernel,
            Shape kernelShape,
            Shape shape,
            KerasNode x) {
        Map<String, Object> config = config("equation", equation, "output_shape", shape.dims(), "trainable", false);
        List<KerasVariable> variables = List.of(KerasVariable.computed("kernel", kernel, kernelShape));
        return net.layer(path, "EinsumDense", config, shape, variables, x);
    }

    /**
     * [H, W, C] -> [T, C * kH * kW] by as many filters for each channel as the window has pixels, each filter seeing one
     * of them. Filters of a channel stand together, so the order is channel, row, column.
     */
    static KerasNode unfold(KerasNetwork net, Tensor t, Window w, KerasNode x) {
        if (w.strideHeight() != w.strideWidth() || w.dilation() > 1) throw KerasLayers.unknown(t, t.op());
        int channels = x.shape().last();
        int area = w.kernelHeight() * w.kernelWidth();
        float[] kernel = new float[area * channels * area]; // [kH, kW, C, kH * kW]
        for (int i = 0; i < area * channels; i++) kernel[i * area + i / channels] = 1;
        Map<String, Object> config = config(
                "kernel_size",
                List.of(w.kernelHeight(), w.kernelWidth()),
                "depth_multiplier",
                area,
                "strides",
                List.of(w.strideHeight(), w.strideWidth()),
                "padding",
                "valid",
                "data_format",
                "channels_last",
                "use_bias",
                false,
                "trainable",
                false);
        Shape stored = Shape.of(w.kernelHeight(), w.kernelWidth(), channels, area);
        KerasNode padded = ImageLayers.pad(net, t.name() + ".pad", ImageLayers.around(w), x);
        int height = (padded.shape().dim(0) - w.kernelHeight()) / w.strideHeight() + 1;
        int width = (padded.shape().dim(1) - w.kernelWidth()) / w.strideWidth() + 1;
        KerasNode picked = net.layer(
                t.name() + ".picked",
                "DepthwiseConv2D",
                config,
                Shape.of(height, width, channels * area),
                List.of(KerasVariable.computed("kernel", kernel, stored)),
                padded);
        return ShapeLayers.reshape(net, t.name(), picked, t.shape());
    }
}
