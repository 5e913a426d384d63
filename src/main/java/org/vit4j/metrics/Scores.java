package org.vit4j.metrics;

import java.util.List;

/**
 * Results of an evaluation on labeled images. Accuracies are fractions from 0 to 1.
 *
 * @param loss mean cross entropy with hard labels
 * @param count number of images
 * @param confusion {@code confusion[actual][predicted]}, numbers of images
 */
public record Scores(double loss, double top1, double top5, long count, List<ClassScore> classes, long[][] confusion) {
    /** Scores of one class. Precision is 0 if it was never predicted, recall is 0 if it has no images. */
    public record ClassScore(String name, long count, double precision, double recall, double f1) {}
}
