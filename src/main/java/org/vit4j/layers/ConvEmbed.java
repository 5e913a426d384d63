package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/** CvT's convolutional token embedding: overlapping patches at the start of each stage. */
public final class ConvEmbed {
    private ConvEmbed() {}

    /** [H, W, C] -> [H', W', dim], without the norm that follows */
    public static Tensor build(Graph g, Tensor image, int dim, Window window) {
        return g.conv2d("proj", image, dim, window, 1, true); // [H', W', dim]
    }
}
