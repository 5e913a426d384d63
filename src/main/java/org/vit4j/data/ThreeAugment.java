package org.vit4j.data;

import java.util.SplittableRandom;

/**
 * One of three, each as likely: gray, solarised, or blurred by a Gaussian of radius 0.1 to 2 (3-Augment of DeiT III,
 * Touvron et al. 2022, arXiv:2204.07118).
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
