package org.vit4j.layers;

import org.vit4j.config.Checks;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * Patch embedding of a branch of CrossViT, which sees the image at a scale of its own.
 *
 * @param scale size of the branch's image, relative to that of the network
 * @param crop true to crop the center instead of resizing
 * @param multiConv true for three convolutions instead of one (the paper's dagger variants)
 */
public record BranchEmbed(double scale, boolean crop, int patch, int dim, boolean multiConv) {
    public BranchEmbed {
        Checks.check(!multiConv || patch == 12 || patch == 16, "patch_size", patch, "must be 12 or 16 with multi_conv");
        if (multiConv) Checks.divides("multi_conv", 4, "dim", dim);
    }

    /** [H, W, C] at the scale of this branch -> [T, D] */
    public Tensor build(Graph g, Tensor x) {
        if (!multiConv) return new PatchEmbed(patch, patch, dim, true).build(g, x); // [T, D]
        Tensor grid = patch == 12 ? stem(g, x, Window.square(3, 3, 0), 1) : stem(g, x, Window.square(3, 2, 1), 2);
        return g.reshape("flat", grid, grid.dim(0) * grid.dim(1), dim); // [T, D]
    }

    /** Three convolutions with ReLU between them; the strides are 4 * 3 * 1 = 12 or 4 * 2 * 2 = 16. */
    private Tensor stem(Graph g, Tensor x, Window second, int lastStride) {
        x = g.conv2d("proj.0", x, dim / 4, Window.square(7, 4, 3), 1, true); // [H/4, W/4, D/4]
        x = g.activate("proj.1", x, Activation.RELU); // [H/4, W/4, D/4]
        x = g.conv2d("proj.2", x, dim / 2, second, 1, true); // [h, w, D/2]
        x = g.activate("proj.3", x, Activation.RELU); // [h, w, D/2]
        return g.conv2d("proj.4", x, dim, Window.square(3, lastStride, 1), 1, true); // [H/P, W/P, D]
    }

    /** Returns the image at the scale of this branch. */
    public Tensor scaled(Graph g, Tensor x) {
        int height = scaled(x.dim(0)), width = scaled(x.dim(1));
        if (x.dim(0) == height && x.dim(1) == width) return x;
        if (!crop || height > x.dim(0) || width > x.dim(1)) return g.resize("resize", x, height, width); // [H', W', C]
        int top = (int) Math.rint((x.dim(0) - height) / 2.0); // rounds half to even, like Python
        int left = (int) Math.rint((x.dim(1) - width) / 2.0);
        return g.slice("crop", g.slice("rows", x, 0, top, top + height), 1, left, left + width); // [H', W', C]
    }

    private int scaled(int side) {
        return (int) (side * scale);
    }

    /** Requires patches that divide the scaled image. */
    public void requireDivides(int height, int width) {
        Checks.divides("patch_size", patch, "image height", scaled(height));
        Checks.divides("patch_size", patch, "image width", scaled(width));
    }
}
