package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/** Patch embedding: a convolution with stride equal to its kernel, flattened to tokens in row-major order. */
public final class PatchEmbed {
    private PatchEmbed() {}

    /**
     * [H, W, C] -> [H/P * W/P, D]. Equivalent to a dense layer over the (row, column, channel) values of each patch.
     */
    public static Tensor build(Graph g, Tensor image, int patchHeight, int patchWidth, int dim, boolean bias) {
        Window patches = Window.patches(patchHeight, patchWidth);
        Tensor grid = g.conv2d("proj", image, dim, patches, 1, bias); // [H/P, W/P, D]
        return g.reshape("flat", grid, grid.dim(0) * grid.dim(1), dim); // [T, D]
    }
}
