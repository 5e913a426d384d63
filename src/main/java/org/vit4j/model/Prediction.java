package org.vit4j.model;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.vit4j.config.Checks;

/** Predicted class of an image. */
public record Prediction(String label, int index, double probability) {
    /** Returns the {@code k} most likely classes, most likely first; see {@link #sorted}. */
    static List<Prediction> top(List<String> classes, OutputActivation activation, float[][] logits, int k) {
        Checks.check(k >= 0, "k", k, "must be at least 0");
        return sorted(classes, activation, logits).stream().limit(k).toList();
    }

    /**
     * Returns all classes, most likely first.
     *
     * @param logits of one or more views of the image, [V, K], whose probabilities are averaged
     * @throws IllegalArgumentException if there is no view, or its length is not the number of classes
     */
    static List<Prediction> sorted(List<String> classes, OutputActivation activation, float[][] logits) {
        Checks.require(logits.length > 0, "expected the logits of one view or more, got none");
        for (float[] row : logits)
            Checks.require(
                    row.length == classes.size(), "%d logits, expected one per class: %d", row.length, classes.size());
        double[] probabilities = activation.mean(logits);
        // Probabilities close to 1 are equal in double where the logits differ.
        Comparator<Integer> order = logits.length == 1
                ? Comparator.comparing(i -> -logits[0][i])
                : Comparator.comparing(i -> -probabilities[i]);
        return IntStream.range(0, probabilities.length)
                .boxed()
                .sorted(order)
                .map(i -> new Prediction(classes.get(i), i, probabilities[i]))
                .toList();
    }
}
