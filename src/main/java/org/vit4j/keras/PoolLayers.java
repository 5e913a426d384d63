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

/** Pooling, unfolding and resizing of images [H, W, C]. Their constant factors become frozen kernels. */
final class PoolLayers {
    private PoolLayers() {}

    /**
     * Max pooling. PyTorch pads with minus infinity, which Keras does not support. Repeating the edge rows and columns
     * is equivalent, because every window that covers a copy also covers the original.
     */
    static KerasNode maxPool(KerasNetwork net, Tensor t, Window w, KerasNode x) {
        KerasNode paddedRows = repeatEdges(net, t.name() + ".rows", 0, w.padHeight(), x);
        KerasNode padded = repeatEdges(net, t.name() + ".columns", 1, w.padWidth(), paddedRows);
        return net.layer(t.name(), "MaxPooling2D", pool(w), t.shape(), padded);
    }

    private static KerasNode repeatEdges(KerasNetwork net, String path, int axis, int count, KerasNode x) {
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

    /** Average pooling with zero padding. Windows beyond the padded edge are rescaled to their true pixel count. */
    static KerasNode avgPool(KerasNetwork net, Tensor t, Window w, KerasNode x) {
        int below = coveredSize(t.dim(0), w.kernelHeight(), w.strideHeight())
                - x.shape().dim(0)
                - w.padHeight();
        int right = coveredSize(t.dim(1), w.kernelWidth(), w.strideWidth())
                - x.shape().dim(1)
                - w.padWidth();
        ImageOp.Pad pad = new ImageOp.Pad(w.padHeight(), Math.max(below, 0), w.padWidth(), Math.max(right, 0));
        KerasNode padded = ImageLayers.pad(net, t.name() + ".pad", pad, x);
        if (below <= w.padHeight() && right <= w.padWidth()) {
            return net.layer(t.name(), "AveragePooling2D", pool(w), t.shape(), padded);
        }
        KerasNode mean = net.layer(t.name() + ".whole", "AveragePooling2D", pool(w), t.shape(), padded);
        float[] factors = edgeCorrections(x.shape(), t.shape(), w);
        return constantEinsum(net, t.name(), "abcd,bc->abcd", factors, Shape.of(t.dim(0), t.dim(1)), t.shape(), mean);
    }

    private static int coveredSize(int out, int kernel, int stride) {
        return (out - 1) * stride + kernel;
    }

    private static float[] edgeCorrections(Shape from, Shape to, Window w) {
        float[] factors = new float[to.dim(0) * to.dim(1)];
        for (int i = 0; i < factors.length; i++) {
            int top = i / to.dim(1) * w.strideHeight();
            int left = i % to.dim(1) * w.strideWidth();
            int height = Math.min(w.kernelHeight(), from.dim(0) + 2 * w.padHeight() - top);
            int width = Math.min(w.kernelWidth(), from.dim(1) + 2 * w.padWidth() - left);
            factors[i] = w.kernelHeight() * w.kernelWidth() / (float) (height * width);
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

    /** [H, W, C] -> [H', W', C]: one matrix product along the rows, one along the columns. */
    static KerasNode resize(KerasNetwork net, Tensor t, KerasNode x) {
        int height = x.shape().dim(0);
        int width = x.shape().dim(1);
        KerasNode resizedRows = constantEinsum(
                net,
                t.name() + ".rows",
                "abcd,be->aecd",
                flatten(ImageOp.Resize.matrix(height, t.dim(0))),
                Shape.of(height, t.dim(0)),
                x.shape().with(0, t.dim(0)),
                x);
        return constantEinsum(
                net,
                t.name(),
                "abcd,ce->abed",
                flatten(ImageOp.Resize.matrix(width, t.dim(1))),
                Shape.of(width, t.dim(1)),
                t.shape(),
                resizedRows);
    }

    private static float[] flatten(double[][] matrix) {
        float[] values = new float[matrix.length * matrix[0].length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) matrix[i / matrix[0].length][i % matrix[0].length];
        }
        return values;
    }

    private static KerasNode constantEinsum(
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
     * [H, W, C] -> [T, C * kH * kW] by a depthwise convolution whose filters each select one pixel of the window. The
     * filters of a channel are adjacent, so the order is channel, row, column.
     */
    static KerasNode unfold(KerasNetwork net, Tensor t, Window w, KerasNode x) {
        if (w.strideHeight() != w.strideWidth() || w.dilation() > 1) throw KerasLayers.unsupported(t, t.op());
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
        KerasNode padded = ImageLayers.pad(net, t.name() + ".pad", ImageLayers.symmetricPad(w), x);
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
