package org.vit4j.model;

/** A predicted class of an image. Probabilities over all classes sum to one. */
public record Prediction(String label, int index, double probability) {}
