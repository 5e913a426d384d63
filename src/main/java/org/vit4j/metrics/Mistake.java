package org.vit4j.metrics;

/**
 * Misclassified image.
 *
 * @param index index in the dataset
 * @param probability of the predicted class
 * @param probabilityOfActual probability of the actual class
 * @param pixels preprocessed image [H, W, C], normalized
 */
@SuppressWarnings("ArrayRecordComponent") // instances are never compared
public record Mistake(
        int index, int actual, int predicted, double probability, double probabilityOfActual, float[] pixels) {}
