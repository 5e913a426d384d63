package org.vit4j.train;

import java.io.Serializable;

/**
 * What is asked of workers: the gradient by some batches of an epoch, one after another with the same weights.
 *
 * @param epoch from 0
 * @param first of the batches, from 0
 * @param count of batches
 */
public record GradientRequest(int epoch, int first, int count) implements Serializable {}
