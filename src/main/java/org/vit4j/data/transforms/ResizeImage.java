package org.vit4j.data.transforms;

import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.vit4j.config.Section;
import org.vit4j.data.image.Image;

/**
 * Resizes an image.
 *
 * @param size one number: the shorter side, the aspect ratio is kept; two numbers: [H, W]
 */
public record ResizeImage(List<Integer> size, Interpolation interpolation) implements Transform {
    public ResizeImage {
        size = TransformChecks.size(size);
    }

    @Override
    public Image apply(Image image, SplittableRandom random) {
        return size.size() == 1
                ? Resampling.resizeShorter(image, size.get(0), interpolation)
                : Resampling.resize(image, size.get(0), size.get(1), interpolation);
    }

    static Optional<ResizeImage> read(Section s, TransformDefaults defaults) {
        List<Integer> size = s.intsAt("size", defaults.size());
        Interpolation interpolation = Interpolation.read(s);
        return s.build(() -> new ResizeImage(size, interpolation));
    }
}
