package org.vit4j.model;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Predicted class of an image. */
public record Prediction(String label, int index, double probability) {
    /** Returns the {@code k} most likely classes for logits [K], most likely first. */
    static List<Prediction> top(List<String> classes, float[] logits, int k) {
        double[] probabilities = softmax(logits);
        return IntStream.range(0, logits.length)
                .boxed()
                .sorted(Comparator.comparing((Integer i) -> -logits[i]))
                .limit(k)
                .map(i -> new Prediction(classes.get(i), i, probabilities[i]))
                .toList();
    }

    /** Returns the {@code k} classes with the highest mean probability over the rows of logits [V, K]. */
    static List<Prediction> topOfMean(List<String> classes, float[][] logits, int k) {
        if (logits.length == 1) return top(classes, logits[0], k);
        double[] mean = new double[classes.size()];
        for (float[] row : logits) {
            double[] probabilities = softmax(row);
            for (int i = 0; i < mean.length; i++) mean[i] += probabilities[i] / logits.length;
        }
        return IntStream.range(0, mean.length)
                .boxed()
                .sorted(Comparator.comparing((Integer i) -> -mean[i]))
                .limit(k)
                .map(i -> new Prediction(classes.get(i), i, mean[i]))
                .toList();
    }

    private static double[] softmax(float[] logits) {
        double largest = IntStream.range(0, logits.length)
                .mapToDouble(i -> logits[i])
                .max()
                .orElseThrow();
        double[] exponentials = IntStream.range(0, logits.length)
                .mapToDouble(i -> Math.exp(logits[i] - largest))
                .toArray();
        double total = IntStream.range(0, logits.length)
                .mapToDouble(i -> exponentials[i])
                .sum();
        for (int i = 0; i < exponentials.length; i++) exponentials[i] /= total;
        return exponentials;
    }
}
