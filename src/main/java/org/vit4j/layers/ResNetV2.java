package org.vit4j.layers;

import java.util.List;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * ResNet stem of hybrid vision transformers: weight-standardized convolutions, group norms, TensorFlow's "same" padding
 * (Kolesnikov et al. 2020, arXiv:1912.11370). Source: timm {@code resnetv2.py}, {@code preact=False}.
 *
 * @param layers number of blocks of each stage with 256, 512, 1024, 2048 channels; empty for only the stem
 */
public record ResNetV2(List<Integer> layers) {
    private static final double STANDARD_EPS = 1e-8;
    private static final double NORM_EPS = 1e-5;
    private static final int GROUPS = 32;

    public ResNetV2 {
        layers = List.copyOf(layers);
        if (layers.size() > 4 || layers.stream().anyMatch(blocks -> blocks < 1)) {
            throw new IllegalArgumentException(
                    "resnet (" + layers + ") must be at most four stages of at least one block");
        }
    }

    /** Factor by which height and width shrink. */
    public int stride() {
        return 4 << Math.max(0, layers.size() - 1);
    }

    /** [H, W, C] -> [H / stride, W / stride, D] */
    public Tensor build(Graph g, Tensor image) {
        Graph stem = g.scope("stem");
        Tensor x = stem.activate("act", norm(stem, "norm", conv(stem, "conv", image, 64, 7, 2)), Activation.RELU);
        // timm pads with minus infinity; after a ReLU zero padding is equivalent.
        x = stem.maxPool("pool", same(stem, "pool_pad", x, 3, 2), Window.square(3, 2, 0)); // [H/4, W/4, 64]
        for (int s = 0; s < layers.size(); s++) {
            for (int b = 0; b < layers.get(s); b++) {
                int stride = s > 0 && b == 0 ? 2 : 1;
                x = bottleneck(g.scope("stages." + s + ".blocks." + b), x, 256 << s, stride, b == 0);
            }
        }
        return x;
    }

    private static Tensor bottleneck(Graph g, Tensor x, int channels, int stride, boolean first) {
        Tensor shortcut = x;
        if (first) {
            Graph down = g.scope("downsample");
            shortcut = norm(down, "norm", conv(down, "conv", x, channels, 1, stride));
        }
        Tensor y = g.activate("act1", norm(g, "norm1", conv(g, "conv1", x, channels / 4, 1, 1)), Activation.RELU);
        y = g.activate("act2", norm(g, "norm2", conv(g, "conv2", y, channels / 4, 3, stride)), Activation.RELU);
        y = norm(g, "norm3", conv(g, "conv3", y, channels, 1, 1));
        return g.activate("act3", g.add("add", shortcut, y), Activation.RELU);
    }

    private static Tensor norm(Graph g, String name, Tensor x) {
        return g.groupNorm(name, x, GROUPS, NORM_EPS);
    }

    private static Tensor conv(Graph g, String name, Tensor x, int filters, int kernel, int stride) {
        Tensor padded = same(g, name + "_pad", x, kernel, stride);
        return g.standardizedConv2d(name, padded, filters, Window.square(kernel, stride, 0), STANDARD_EPS);
    }

    /** TensorFlow's "same" padding; an odd pixel is added at the bottom and right. */
    private static Tensor same(Graph g, String name, Tensor x, int kernel, int stride) {
        int rows = Math.max(0, ((x.dim(0) + stride - 1) / stride - 1) * stride + kernel - x.dim(0));
        int columns = Math.max(0, ((x.dim(1) + stride - 1) / stride - 1) * stride + kernel - x.dim(1));
        if (rows == 0 && columns == 0) return x;
        return g.pad(name, x, rows / 2, rows - rows / 2, columns / 2, columns - columns / 2);
    }
}
