package org.vit4j.model;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Predicted class of an image. */
public record Prediction(String label, int index, double probability) {
    /** Returns the {@code k} most likely classes for logits [K], most likely first. */
    static List<Prediction> top(List<String> classes, float[] logits, int k) {
        double largest = IntStream.range(0, logits.length)
                .mapToDouble(i -> logits[i])
                .max()
                .orElseThrow();
        double total = IntStream.range(0, logits.length)
                .mapToDouble(i -> Math.exp(logits[i] - largest))
                .sum();
        return IntStream.range(0, logits.length)
                .boxed()
                .sorted(Comparator.comparing((Integer i) -> -logits[i]))
                .limit(k)
                .map(i -> new Prediction(classes.get(i), i, Math.exp(logits[i] - largest) / total))
                .toList();
    }
}
