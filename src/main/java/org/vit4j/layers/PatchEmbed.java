package org.vit4j.layers;

import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/** An image becomes tokens: a convolution whose stride is its kernel, then the grid row by row. */
public final class PatchEmbed {
    private PatchEmbed() {}

    /**
     * [H, W, C] -> [H/P * W/P, D]. The same as cutting patches and a dense layer over (row, column, channel).
     */
    public static Tensor build(Graph g, Tensor image, int patchHeight, int patchWidth, int dim, boolean bias) {
        Window patches = Window.patches(patchHeight, patchWidth);
        Tensor grid = g.conv2d("proj", image, dim, patches, 1, bias); // [H/P, W/P, D]
        return g.reshape("flat", grid, grid.dim(0) * grid.dim(1), dim); // [T, D]
    }
}
