package org.vit4j.data;

import java.util.List;
import java.util.Optional;

/**
 * What training images go through.
 *
 * @param transforms of the picture, in order, before it is preprocessed
 * @param erasing of what has been preprocessed
 * @param repeats how often an image is taken in a row, each time with chance of its own (Hoffer et al. 2020,
 *     arXiv:1901.09335; DeiT takes 3). An epoch stays as long as it was, so that it sees a part of the images
 */
public record AugmentConfig(List<Transform> transforms, Optional<RandomErasing> erasing, int repeats) {
    /** Nothing, once: for evaluation. */
    public static final AugmentConfig NONE = of(List.of());

    public AugmentConfig {
        transforms = List.copyOf(transforms);
        Rule.check(repeats >= 1 && repeats <= 1000, "repeats must lie in 1..1000", repeats);
    }

    public static AugmentConfig of(List<Transform> transforms) {
        return new AugmentConfig(transforms, Optional.empty(), 1);
    }
}
