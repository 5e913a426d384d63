package org.vit4j.layers;

import java.util.function.Supplier;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Graph;
import org.vit4j.graph.PositionGrid;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * Patch embedding: a convolution with stride equal to its kernel, flattened to tokens in row-major order. Equivalent to
 * a dense layer over the (row, column, channel) values of each patch.
 */
public record PatchEmbed(int patchHeight, int patchWidth, int dim, boolean bias) {
    public PatchEmbed {
        Checks.positive("patch_size", patchHeight, patchWidth);
        Checks.positive("dim", dim);
    }

    /** [H, W, C] -> [H/P * W/P, D] */
    public Tensor build(Graph g, Tensor image) {
        Tensor grid = g.conv2d("proj", image, dim, Window.patches(patchHeight, patchWidth), 1, bias); // [H/P, W/P, D]
        return g.reshape("flat", grid, grid.dim(0) * grid.dim(1), dim); // [T, D]
    }

    /** Reads {@code patch_size}, one number or [height, width]; the supplier checks the values. */
    public static Supplier<PatchEmbed> read(Section s, int dim, boolean bias) {
        int[] patch = s.heightWidthAt("patch_size", 16);
        return () -> new PatchEmbed(patch[0], patch[1], dim, bias);
    }

    /** Requires patches that divide the image, or the feature map of a stem with this stride. */
    public void requireDivides(int height, int width, int stride) {
        Checks.divides("patch_size", patchHeight * stride, "image height", height);
        Checks.divides("patch_size", patchWidth * stride, "image width", width);
    }

    /** Layout of a position table for {@code prefix} tokens and the patches of an image or feature map [H, W, C]. */
    public PositionGrid grid(int prefix, Tensor image) {
        return new PositionGrid(prefix, image.dim(0) / patchHeight, image.dim(1) / patchWidth);
    }
}
