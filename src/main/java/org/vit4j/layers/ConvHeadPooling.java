package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * PiT's pooling between stages (Heo et al. 2021, section 3.2): a strided depthwise convolution shrinks the patch grid
 * and increases its channels; a dense layer brings class tokens to the same width.
 *
 * @param width output channels, a multiple of the input channels
 * @param pointwise true for an additional 1x1 convolution, which vit-pytorch has and the paper does not
 */
public record ConvHeadPooling(int width, int stride, boolean pointwise) {
    /** [H, W, C] -> [H / stride, W / stride, width], rounded up. */
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
