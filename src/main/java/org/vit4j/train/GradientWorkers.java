package org.vit4j.train;

/** Processes that work out gradients for a trainer. */
public interface GradientWorkers {
    /** How many parts a batch is divided into. */
    int shards();

    /**
     * What all parts answer, added up in their order, so that the same question has the same answer bit for bit.
     *
     * @param trained all weights that train, flat
     * @param kept all that do not
     * @throws org.vit4j.config.ConfigError naming the part in which an image cannot be read
     * @throws org.vit4j.io.RunException when a part is lost for good
     */
    GradientShard compute(float[] trained, float[] kept, GradientRequest work);
}
