package org.vit4j.models;

import java.util.List;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Shape;

/** Size of the input images of a network. */
public record ImageSpec(int height, int width, int channels) {
    public ImageSpec {
        Checks.positive("image.size", height, width);
        Checks.positive("image.channels", channels);
    }

    /** Reads {@code image: {size: 224, channels: 3}}; the size is one number or [H, W]. */
    static ImageSpec read(Section s) {
        int[] size = side(s, "size", 224);
        int channels = s.intAt("channels", 3);
        return s.build(() -> new ImageSpec(size[0], size[1], channels)).orElse(new ImageSpec(224, 224, 3));
    }

    /** Reads one number, for a square, or [height, width]. */
    static int[] side(Section s, String key, int standard) {
        List<Integer> written = s.intsAt(key, List.of(standard));
        if (written.size() == 1) return new int[] {written.get(0), written.get(0)};
        if (written.size() != 2) s.reject(key, "expected one number or [height, width], got " + written);
        return written.size() == 2 ? new int[] {written.get(0), written.get(1)} : new int[] {standard, standard};
    }

    public Shape shape() {
        return Shape.of(height, width, channels);
    }
}
