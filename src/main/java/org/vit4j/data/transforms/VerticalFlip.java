package org.vit4j.data.transforms;

import java.util.Optional;
import java.util.SplittableRandom;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.ImageGeometry;

/** Swaps top and bottom with probability p. */
public record VerticalFlip(double p) implements Transform {
    public VerticalFlip {
        Checks.fraction("p", p);
    }

    @Override
    public Image apply(Image image, SplittableRandom random) {
        return random.nextDouble() < p ? ImageGeometry.flipVertically(image) : image;
    }

    static Optional<VerticalFlip> read(Section s) {
        double p = s.doubleAt("p", 0.5);
        return s.build(() -> new VerticalFlip(p));
    }
}
