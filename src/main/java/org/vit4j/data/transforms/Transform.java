package org.vit4j.data.transforms;

import java.util.SplittableRandom;
import org.vit4j.data.image.Image;

/**
 * Transform of a training image, an entry of {@code data.augment}. Users of the library implement it, usually as a record,
 * and pass it in {@link AugmentConfig#of}.
 *
 * <p>Implementations are called by several threads at once and must not keep state between calls. All randomness comes from
 * the generator that the caller passes, so that the result depends only on seed, epoch and image.
 */
public interface Transform {

    /**
     * Transforms an image: [H, W, C] -> [H', W', C]. Any size may be returned; preprocessing resizes it afterward.
     *
     * @param image must not be modified; may be returned
     * @param random source of all random decisions
     */
    Image apply(Image image, SplittableRandom random);
}
