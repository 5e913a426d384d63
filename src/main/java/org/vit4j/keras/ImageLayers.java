package org.vit4j.keras;

import static org.vit4j.keras.KerasNetwork.config;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.LinearOp;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * Convolutions and padding of images [H, W, C]. Always writes the data format, because Keras' default is configurable.
 */
final class ImageLayers {
    private ImageLayers() {}

    static KerasNode conv2d(KerasNetwork net, Tensor t, LinearOp.Conv2d conv, KerasNode x) {
        Window window = conv.window();
        KerasNode padded = pad(net, t.name() + ".pad", symmetricPad(window), x);
        // Keras rejects stride > 1 together with dilation > 1. First subsample by their common divisor ..
        int rowStep = gcd(window.strideHeight(), window.dilation());
        int columnStep = gcd(window.strideWidth(), window.dilation());
        KerasNode subsampled = subsample(net, t.name() + ".strided", rowStep, columnStep, padded);
        List<Integer> strides = List.of(window.strideHeight() / rowStep, window.strideWidth() / columnStep);
        List<Integer> dilations = List.of(window.dilation() / rowStep, window.dilation() / columnStep);
        boolean both = Collections.max(strides) > 1 && Collections.max(dilations) > 1;
        if (!both) return conv2d(net, t, t.name(), conv, strides, dilations, subsampled);
        // .. and if both remain, convolve with stride 1 and subsample the result.
        KerasNode dense = conv2d(net, t, t.name() + ".dense", conv, List.of(1, 1), dilations, subsampled);
        return subsample(net, t.name(), strides.get(0), strides.get(1), dense);
    }

    private static KerasNode conv2d(
            KerasNetwork net,
            Tensor t,
            String path,
            LinearOp.Conv2d conv,
            List<Integer> strides,
            List<Integer> dilations,
            KerasNode x) {
        int channels = x.shape().last();
        Window window = conv.window();
        Map<String, Object> config = config(
                "kernel_size",
                List.of(window.kernelHeight(), window.kernelWidth()),
                "strides",
                strides,
                "padding",
                "valid",
                "data_format",
                "channels_last",
                "dilation_rate",
                dilations,
                "use_bias",
                conv.bias());
        Shape shape = Shape.of(
                (x.shape().dim(0) - 1 - dilations.get(0) * (window.kernelHeight() - 1)) / strides.get(0) + 1,
                (x.shape().dim(1) - 1 - dilations.get(1) * (window.kernelWidth() - 1)) / strides.get(1) + 1,
                conv.filters());
        // DepthwiseConv2D takes one stride for both axes.
        boolean square =
                strides.get(0).equals(strides.get(1)) && dilations.get(0).equals(dilations.get(1));
        if (conv.groups() == channels && channels > 1 && square) {
            config.put("depth_multiplier", conv.filters() / channels);
            return net.layer(path, "DepthwiseConv2D", config, shape, depthwise(t, channels), x);
        }
        config.put("filters", conv.filters());
        config.put("groups", conv.groups());
        return net.layer(path, "Conv2D", config, shape, KerasLayers.variables(t.parameters(), "kernel", "bias"), x);
    }

    static KerasNode standardized(KerasNetwork net, Tensor t, LinearOp.StandardizedConv2d conv, KerasNode x) {
        Window window = conv.window();
        Parameter weight = t.parameters().get(0);
        Map<String, Object> config = config(
                "filters",
                conv.filters(),
                "kernel_size",
                List.of(window.kernelHeight(), window.kernelWidth()),
                "strides",
                List.of(window.strideHeight(), window.strideWidth()),
                "padding",
                "valid",
                "data_format",
                "channels_last",
                "use_bias",
                false);
        KerasVariable kernel = new KerasVariable(
                "kernel", weight.shape(), new KerasVariable.VariableSource.StandardizedKernel(weight, conv.epsilon()));
        KerasNode padded = pad(net, t.name() + ".pad", symmetricPad(window), x);
        return net.layer(t.name(), "Conv2D", config, t.shape(), List.of(kernel), padded);
    }

    /** Keeps every {@code rowStep}-th row and {@code columnStep}-th column: a max pool of one pixel. */
    private static KerasNode subsample(KerasNetwork net, String path, int rowStep, int columnStep, KerasNode x) {
        if (rowStep == 1 && columnStep == 1) return x;
        Map<String, Object> config = config(
                "pool_size",
                List.of(1, 1),
                "strides",
                List.of(rowStep, columnStep),
                "padding",
                "valid",
                "data_format",
                "channels_last");
        int height = (x.shape().dim(0) - 1) / rowStep + 1;
        int width = (x.shape().dim(1) - 1) / columnStep + 1;
        Shape shape = Shape.of(height, width, x.shape().last());
        return net.layer(path, "MaxPooling2D", config, shape, x);
    }

    private static int gcd(int a, int b) {
        return b == 0 ? a : gcd(b, a % b);
    }

    /** [kH, kW, 1, C * m] -> [kH, kW, C, m]: both store the filters of a channel next to each other. */
    private static List<KerasVariable> depthwise(Tensor t, int channels) {
        Parameter kernel = t.parameters().get(0);
        Shape shape = kernel.shape();
        Shape stored = Shape.of(shape.dim(0), shape.dim(1), channels, shape.dim(3) / channels);
        KerasVariable first = KerasVariable.of("kernel", kernel, stored);
        if (t.parameters().size() == 1) return List.of(first);
        return List.of(first, KerasVariable.of("bias", t.parameters().get(1)));
    }

    /** Equal zero padding on both sides, as in PyTorch. Keras' "same" pads more at the end than at the start. */
    static ImageOp.Pad symmetricPad(Window w) {
        return new ImageOp.Pad(w.padHeight(), w.padHeight(), w.padWidth(), w.padWidth());
    }

    static KerasNode pad(KerasNetwork net, String path, ImageOp.Pad pad, KerasNode x) {
        if (pad.top() + pad.bottom() + pad.left() + pad.right() == 0) return x;
        Map<String, Object> config = config(
                "padding",
                List.of(List.of(pad.top(), pad.bottom()), List.of(pad.left(), pad.right())),
                "data_format",
                "channels_last");
        return net.layer(path, "ZeroPadding2D", config, pad.shape(List.of(x.shape())), x);
    }
}
