package org.vit4j.layers;

import org.vit4j.config.Checks;
import org.vit4j.graph.Window;

/** Size of patches and the distance between them, without padding. */
public record OverlappingPatches(int height, int width, int stride) {
    public OverlappingPatches {
        Checks.positive("patch_size", height, width);
        Checks.positive("stride", stride);
    }

    public Window window() {
        return new Window(height, width, stride, stride, 0, 0, 1);
    }

    /** Requires that at least one patch fits into the image. */
    public void requireFit(int imageHeight, int imageWidth) {
        Checks.require(
                height <= imageHeight && width <= imageWidth,
                "patch_size (%d x %d) must not exceed the image (%d x %d)",
                height,
                width,
                imageHeight,
                imageWidth);
    }
}
