package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * PiT's pooling between stages (Heo et al. 2021, section 3.2): a strided depthwise convolution shrinks the patch grid
 * and increases its channels; a dense layer brings class tokens to the same width.
 *
 * @param width D', output channels, a multiple of the input channels
 */
public record ConvHeadPooling(int width, int stride) {
    /** [H, W, D] -> [H / stride, W / stride, D'], rounded up. */
    public Tensor grid(Graph g, Tensor x) {
        Window window = Window.square(stride + 1, stride, stride / 2);
        return g.conv2d("conv", x, width, window, x.dim(2), true); // [H', W', D']
    }

    /** [T, D] -> [T, D'] */
    public Tensor tokens(Graph g, Tensor x) {
        return g.dense("fc", x, width); // [T, D']
    }
}
