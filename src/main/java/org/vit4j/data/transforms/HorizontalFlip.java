package org.vit4j.data.transforms;

import java.util.Optional;
import java.util.SplittableRandom;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.ImageGeometry;

/** Swaps left and right with probability p. */
public record HorizontalFlip(double p) implements Transform {
    public HorizontalFlip {
        Checks.fraction("p", p);
    }

    @Override
    public Image apply(Image image, SplittableRandom random) {
        return random.nextDouble() < p ? ImageGeometry.flipHorizontally(image) : image;
    }

    static Optional<HorizontalFlip> read(Section s) {
        double p = s.doubleAt("p", 0.5);
        return s.build(() -> new HorizontalFlip(p));
    }
}
