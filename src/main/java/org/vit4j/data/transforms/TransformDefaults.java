package org.vit4j.data.transforms;

import java.util.List;

/**
 * Defaults of transforms that depend on the model.
 *
 * @param size height and width of the model's input
 * @param mean of the normalization, 0..1 per channel
 */
public record TransformDefaults(List<Integer> size, List<Double> mean) {

    public TransformDefaults {
        size = List.copyOf(size);
        mean = List.copyOf(mean);
    }
}
