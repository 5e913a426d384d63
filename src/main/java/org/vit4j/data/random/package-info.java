/**
 * Deterministic random numbers of the data pipeline.
 *
 * <p>{@link org.vit4j.data.random.SeededRandom} makes generators keyed by numbers such as (seed, epoch, index), so that a
 * draw does not depend on the order in which threads ask for it. {@link org.vit4j.data.random.RandomDistributions} draws
 * from normal and beta distributions.
 */
package org.vit4j.data.random;
