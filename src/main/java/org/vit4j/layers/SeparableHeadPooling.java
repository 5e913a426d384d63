package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * PiT's pooling as in vit-pytorch 0.20.2: {@link ConvHeadPooling} with a 1x1 convolution after the depthwise one, which
 * the paper does not have.
 *
 * @param width D', output channels, a multiple of the input channels
 */
public record SeparableHeadPooling(int width, int stride) {
    /** [H, W, D] -> [H / stride, W / stride, D'], rounded up. */
    public Tensor grid(Graph g, Tensor x) {
        Tensor pooled = new ConvHeadPooling(width, stride).grid(g, x); // [H', W', D']
        return g.conv2d("point", pooled, width, Window.square(1, 1, 0), 1, true); // [H', W', D']
    }

    /** [T, D] -> [T, D'] */
    public Tensor tokens(Graph g, Tensor x) {
        return new ConvHeadPooling(width, stride).tokens(g, x);
    }
}
