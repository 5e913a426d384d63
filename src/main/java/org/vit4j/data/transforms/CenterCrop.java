package org.vit4j.data.transforms;

import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.vit4j.config.Section;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.ImageGeometry;

/** Crops the center; smaller images are padded with zeros. */
public record CenterCrop(List<Integer> size) implements Transform {
    public CenterCrop {
        size = TransformChecks.size(size);
    }

    @Override
    public Image apply(Image image, SplittableRandom random) {
        return ImageGeometry.centerCrop(image, size.get(0), size.get(size.size() - 1));
    }

    static Optional<CenterCrop> read(Section s, TransformDefaults defaults) {
        List<Integer> size = s.intsAt("size", defaults.size());
        return s.build(() -> new CenterCrop(size));
    }
}
