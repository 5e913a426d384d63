package org.vit4j.data.transforms;

import java.util.List;
import java.util.Optional;
import org.vit4j.config.Checks;

/**
 * Augmentation of training images.
 *
 * @param transforms applied in order, before preprocessing
 * @param erasing applied after preprocessing
 * @param repeats number of consecutive augmented copies of an image (repeated augmentation, Hoffer et al. 2020,
 *     arXiv:1901.09335; DeiT uses 3). The number of images per epoch does not change, so an epoch uses only 1/repeats of the
 *     dataset
 * @param sampling selects the images of an epoch
 */
public record AugmentConfig(
        List<Transform> transforms, Optional<RandomErasing> erasing, int repeats, Sampling sampling) {
    /** {@code data.sampling}: which images an epoch has. */
    public enum Sampling {
        /** All images, in random order. */
        SHUFFLED,
        /** As many images, drawn with replacement so that all classes are equally frequent. */
        BALANCED
    }

    /** No augmentation, for evaluation. */
    public static final AugmentConfig NONE = of(List.of());

    public AugmentConfig {
        transforms = List.copyOf(transforms);
        Checks.check(repeats >= 1 && repeats <= 1000, "repeats", repeats, "must be in [1, 1000]");
    }

    /** Augmentation of all images of the dataset. */
    public AugmentConfig(List<Transform> transforms, Optional<RandomErasing> erasing, int repeats) {
        this(transforms, erasing, repeats, Sampling.SHUFFLED);
    }

    public static AugmentConfig of(List<Transform> transforms) {
        return new AugmentConfig(transforms, Optional.empty(), 1);
    }
}
