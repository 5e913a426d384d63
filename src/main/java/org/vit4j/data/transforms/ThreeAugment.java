package org.vit4j.data.transforms;

import java.util.SplittableRandom;
import org.vit4j.data.image.Image;

/**
 * 3-Augment of DeiT III (Touvron et al. 2022, arXiv:2204.07118): grayscale, solarize or Gaussian blur of radius 0.1 to 2,
 * each with probability 1/3.
 */
public record ThreeAugment() implements Transform {
    private static final ValueRange RADIUS = new ValueRange(0.1, 2);

    @Override
    public Image apply(Image image, SplittableRandom random) {
        return switch (random.nextInt(3)) {
            case 0 -> ColorOps.grayscale(image);
            case 1 -> ColorOps.solarize(image, 128);
            default -> GaussianBlur.gaussian(image, RADIUS.draw(random));
        };
    }
}
