package org.vit4j.train;

import java.io.Serializable;

/**
 * Request for the accumulated gradient of consecutive batches of an epoch, all with the same weights.
 *
 * @param epoch from 0
 * @param first number of the first batch in the epoch, from 0
 * @param count number of batches
 */
public record GradientRequest(int epoch, int first, int count) implements Serializable {}
