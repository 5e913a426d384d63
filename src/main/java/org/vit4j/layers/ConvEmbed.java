package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/** CvT's convolutional token embedding: overlapping patches at the start of each stage. */
public final class ConvEmbed {
    private ConvEmbed() {}

    /** Normalization after the convolution; returns its argument for none. */
    public interface EmbedNorm {
        Tensor build(Graph g, Tensor x);
    }

    /** [H, W, C] -> [H', W', dim] */
    public static Tensor build(Graph g, Tensor image, int dim, Window window, EmbedNorm norm) {
        return norm.build(g, g.conv2d("proj", image, dim, window, 1, true));
    }
}
