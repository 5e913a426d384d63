package org.vit4j.train;

/** Worker processes that compute gradients for a trainer. */
public interface GradientWorkers {
    /** Number of shards that a batch is divided into. */
    int shards();

    /**
     * Sums the results of all shards, in the order of the shards so that the sum is deterministic bit for bit.
     *
     * @param trainable all trainable parameters, flat
     * @param buffers all other parameters, flat
     * @throws org.vit4j.config.ConfigError if an image cannot be read; names the shard
     * @throws org.vit4j.io.RunException if the result of a shard cannot be computed
     */
    GradientShard compute(float[] trainable, float[] buffers, GradientRequest request);
}
