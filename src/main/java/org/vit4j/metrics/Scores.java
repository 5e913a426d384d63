package org.vit4j.metrics;

import java.util.List;

/**
 * How well a model does on labelled images. Fractions from 0 to 1.
 *
 * @param loss mean cross entropy with hard labels
 * @param confusion {@code confusion[actual][predicted]}, images
 */
public record Scores(double loss, double top1, double top5, long count, List<ClassScore> classes, long[][] confusion) {
    /** Precision and recall are 0 where nothing was predicted, or nothing there to find. */
    public record ClassScore(String name, long count, double precision, double recall, double f1) {}
}
