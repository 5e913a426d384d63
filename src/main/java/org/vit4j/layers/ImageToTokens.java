package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * CeiT's stem (arXiv:2103.11816, section 3.1): convolution, batch normalization, max pooling, no activation.
 *
 * @param bias true if the convolution has a bias
 */
public record ImageToTokens(int channels, Window conv, boolean bias, Window pool) {
    /** Stem of the authors' code: padding by half the kernel; max pooling with kernel 3 and stride 2. */
    public static ImageToTokens official(int channels, int kernel, int stride) {
        return new ImageToTokens(channels, Window.square(kernel, stride, kernel / 2), false, Window.square(3, 2, 1));
    }

    /**
     * Stem of rishikksh20/CeiT-pytorch: padding 4 for any kernel; unpadded pooling with the stride of the convolution.
     */
    public static ImageToTokens community(int channels, int kernel, int stride, int pool) {
        return new ImageToTokens(channels, Window.square(kernel, stride, 4), true, Window.square(pool, stride, 0));
    }

    /** [H, W, 3] -> [H', W', channels] */
    public Tensor build(Graph g, Tensor image) {
        Tensor x = g.conv2d("conv", image, channels, conv, 1, bias);
        return g.maxPool("maxpool", g.batchNorm("bn", x, 1e-5), pool);
    }

    /** Returns the output grid [H', W'] for an image of this size. */
    public Shape grid(int height, int width) {
        return Shape.of(pool.outHeight(conv.outHeight(height)), pool.outWidth(conv.outWidth(width)));
    }
}
