package org.vit4j.keras;

import static org.vit4j.keras.Network.config;

import java.util.List;
import java.util.Map;
import org.vit4j.graph.Op;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Weight;
import org.vit4j.graph.Window;

/** Images [H, W, C]. The data format is always written: a reader's settings may have another default. */
final class ImageLayers {
    private ImageLayers() {}

    static Node conv2d(Network net, Tensor t, Op.Conv2d conv, Node x) {
        Window window = conv.window();
        Node padded = pad(net, t.name() + ".pad", window, x);
        int channels = x.shape().last();
        // DepthwiseConv2D takes one stride for both axes.
        boolean depthwise = conv.groups() == channels && channels > 1 && window.strideHeight() == window.strideWidth();
        Map<String, Object> config = config(
                "kernel_size", List.of(window.kernelHeight(), window.kernelWidth()),
                "strides", List.of(window.strideHeight(), window.strideWidth()),
                "padding", "valid",
                "data_format", "channels_last",
                "dilation_rate", List.of(window.dilation(), window.dilation()),
                "use_bias", conv.bias());
        if (!depthwise) {
            config.put("filters", conv.filters());
            config.put("groups", conv.groups());
            List<Variable> variables = KerasLayers.variables(t.weights(), "kernel", "bias");
            return net.layer(t.name(), "Conv2D", config, t.shape(), variables, padded);
        }
        config.put("depth_multiplier", conv.filters() / channels);
        return net.layer(t.name(), "DepthwiseConv2D", config, t.shape(), depthwise(t, channels), padded);
    }

    /** [kH, kW, 1, C * m] -> [kH, kW, C, m]: filters of a channel stand together in both. */
    private static List<Variable> depthwise(Tensor t, int channels) {
        Weight kernel = t.weights().get(0);
        Shape shape = kernel.shape();
        Shape stored = Shape.of(shape.dim(0), shape.dim(1), channels, shape.dim(3) / channels);
        Variable first = Variable.of("kernel", kernel, stored);
        if (t.weights().size() == 1) return List.of(first);
        return List.of(first, Variable.of("bias", t.weights().get(1)));
    }

    /** Zeros on both sides, as PyTorch pads; Keras' "same" puts more of them behind than in front. */
    private static Node pad(Network net, String path, Window window, Node x) {
        int height = window.padHeight();
        int width = window.padWidth();
        if (height == 0 && width == 0) return x;
        Shape shape = Shape.of(
                x.shape().dim(0) + 2 * height,
                x.shape().dim(1) + 2 * width,
                x.shape().last());
        Map<String, Object> config = config(
                "padding", List.of(List.of(height, height), List.of(width, width)), "data_format", "channels_last");
        return net.layer(path, "ZeroPadding2D", config, shape, x);
    }
}
