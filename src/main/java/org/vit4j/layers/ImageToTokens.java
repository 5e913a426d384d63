package org.vit4j.layers;

import org.vit4j.config.Checks;
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
    public ImageToTokens {
        Checks.positive("i2t_channels", channels);
    }

    /** [H, W, 3] -> [H', W', channels] */
    public Tensor build(Graph g, Tensor image) {
        Tensor x = g.conv2d("conv", image, channels, conv, 1, bias); // [h, w, channels]
        return g.maxPool("maxpool", g.batchNorm("bn", x, 1e-5), pool); // [H', W', channels]
    }

    /** Returns the output grid [H', W'] for an image of this size. */
    public Shape grid(int height, int width) {
        return Shape.of(pool.outHeight(conv.outHeight(height)), pool.outWidth(conv.outWidth(width)));
    }

    /** Requires patches that divide the feature map of an image. */
    public void requireDivides(PatchEmbed patches, int height, int width) {
        Shape grid = grid(height, width);
        Checks.divides("patch_size", patches.patchHeight(), "feature map height", grid.dim(0));
        Checks.divides("patch_size", patches.patchWidth(), "feature map width", grid.dim(1));
    }
}
