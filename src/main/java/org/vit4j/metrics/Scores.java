package org.vit4j.metrics;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

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

    /**
     * Mean of the scores of the classes that occur as label or prediction, with one label per image: scikit-learn's
     * {@code average="macro"}.
     */
    public ClassScore macro() {
        return mean("macro", k -> occurs(k) ? 1 : 0);
    }

    /** Mean of the scores of the classes, weighted by their numbers of images: {@code average="weighted"}. */
    public ClassScore weighted() {
        return mean("weighted", k -> classes.get(k).count);
    }

    private boolean occurs(int k) {
        return IntStream.range(0, confusion.length).anyMatch(i -> confusion[k][i] > 0 || confusion[i][k] > 0);
    }

    private ClassScore mean(String name, IntToDoubleFunction weight) {
        double total = 0;
        double precision = 0;
        double recall = 0;
        double f1 = 0;
        for (int k = 0; k < classes.size(); k++) {
            double w = weight.applyAsDouble(k);
            total += w;
            precision += w * classes.get(k).precision;
            recall += w * classes.get(k).recall;
            f1 += w * classes.get(k).f1;
        }
        double divisor = total == 0 ? 1 : total;
        return new ClassScore(name, count, precision / divisor, recall / divisor, f1 / divisor);
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
