package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * PiT's pooling between stages (Heo et al. 2021, section 3.2): the grid of patches shrinks while its channels grow, by
 * a convolution that sees each channel for itself; class tokens follow by a dense layer.
 *
 * @param width channels afterwards, a multiple of those before
 * @param pointwise whether a 1x1 convolution over all channels follows, as vit-pytorch has it and the paper has not
 */
public record ConvHeadPooling(int width, int stride, boolean pointwise) {
    /** [H, W, C] -> [H / stride, W / stride, width], odd sides rounded up */
    public Tensor grid(Graph g, Tensor x) {
        Window window = Window.square(stride + 1, stride, stride / 2);
        Tensor pooled = g.conv2d("conv", x, width, window, x.dim(2), true); // [H', W', width]
        return pointwise ? g.conv2d("point", pooled, width, Window.square(1, 1, 0), 1, true) : pooled;
    }

    /** [T, C] -> [T, width] */
    public Tensor tokens(Graph g, Tensor x) {
        return g.dense("fc", x, width);
    }
}
