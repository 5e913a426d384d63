package org.vit4j.models;

import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;

/** Size of the input images of a network. */
public record ImageSpec(int height, int width, int channels) {
    public ImageSpec {
        Checks.positive("image.size", height, width);
        Checks.positive("image.channels", channels);
    }

    /** Reads {@code image: {size: 224, channels: 3}}; the size is one number or [H, W]. */
    static ImageSpec read(Section s) {
        int[] size = s.heightWidthAt("size", 224);
        int channels = s.intAt("channels", 3);
        return s.build(() -> new ImageSpec(size[0], size[1], channels)).orElse(new ImageSpec(224, 224, 3));
    }

    /** Declares the input {@code image} [H, W, C] of a network. */
    public Tensor input(Graph g) {
        return g.input("image", height, width, channels);
    }

    public Shape shape() {
        return Shape.of(height, width, channels);
    }
}
