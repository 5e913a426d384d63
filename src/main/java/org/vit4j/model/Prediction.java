package org.vit4j.model;

/** One guess for one image; probabilities of all classes sum to one. */
public record Prediction(String label, int index, double probability) {}
