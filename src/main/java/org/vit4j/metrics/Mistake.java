package org.vit4j.metrics;

/**
 * An image whose class was not hit.
 *
 * @param index which image of the dataset it is
 * @param probability what the network gave the class it chose
 * @param probabilityOfActual what it gave the right one
 * @param pixels [H, W, C], normalized: what the network saw
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
public record Mistake(
        int index, int actual, int predicted, double probability, double probabilityOfActual, float[] pixels) {}
