package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * CeiT's stem (arXiv:2103.11816, section 3.1): convolution, batch normalization, max pooling; there is no activation.
 *
 * @param bias of the convolution
 */
public record ImageToTokens(int channels, Window conv, boolean bias, Window pool) {
    /** The authors': padding keeps every pixel in reach, kernel 3 pools by 2. */
    public static ImageToTokens official(int channels, int kernel, int stride) {
        return new ImageToTokens(channels, Window.square(kernel, stride, kernel / 2), false, Window.square(3, 2, 1));
    }

    /** rishikksh20/CeiT-pytorch: padding 4 whatever the kernel, an unpadded pool of the convolution's stride. */
    public static ImageToTokens community(int channels, int kernel, int stride, int pool) {
        return new ImageToTokens(channels, Window.square(kernel, stride, 4), true, Window.square(pool, stride, 0));
    }

    /** [H, W, 3] -> [H', W', channels] */
    public Tensor build(Graph g, Tensor image) {
        Tensor x = g.conv2d("conv", image, channels, conv, 1, bias);
        return g.maxPool("maxpool", g.batchNorm("bn", x, 1e-5), pool);
    }

    /** [H', W'] for an image of that size. */
    public Shape grid(int height, int width) {
        return Shape.of(pool.outHeight(conv.outHeight(height)), pool.outWidth(conv.outWidth(width)));
    }
}
