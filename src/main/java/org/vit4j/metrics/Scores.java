package org.vit4j.metrics;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Results of an evaluation on labeled images. Accuracies are fractions from 0 to 1.
 *
 * @param loss mean cross entropy with hard labels
 * @param count number of images
 * @param confusion {@code confusion[actual][predicted]}, numbers of images
 */
public record Scores(double loss, double top1, double top5, long count, List<ClassScore> classes, long[][] confusion) {
    /**
     * Scores of one class. Precision is 0 if it was never predicted, recall is 0 if it has no images.
     *
     * @param averagePrecision with several labels per image; null without images or with one label per image
     */
    public record ClassScore(
            String name,
            long count,
            double precision,
            double recall,
            double f1,

            @JsonProperty("average_precision") @JsonInclude(JsonInclude.Include.NON_NULL)
            Double averagePrecision) {
        @JsonCreator
        public ClassScore {}

        /** Scores without average precision. */
        public ClassScore(String name, long count, double precision, double recall, double f1) {
            this(name, count, precision, recall, f1, null);
        }
    }

    /** Returns true if classes have an average precision. */
    public boolean hasAveragePrecision() {
        return classes.stream().anyMatch(score -> score.averagePrecision != null);
    }

    /**
     * Returns a copy with the average precision of each class.
     *
     * @param byClass of each class; empty for one without images
     */
    public Scores withAveragePrecision(List<OptionalDouble> byClass) {
        List<ClassScore> all = new ArrayList<>();
        for (int k = 0; k < classes.size(); k++) {
            ClassScore c = classes.get(k);
            Double precision = byClass.get(k).isPresent() ? byClass.get(k).getAsDouble() : null;
            all.add(new ClassScore(c.name, c.count, c.precision, c.recall, c.f1, precision));
        }
        return new Scores(loss, top1, top5, count, all, confusion);
    }
}
