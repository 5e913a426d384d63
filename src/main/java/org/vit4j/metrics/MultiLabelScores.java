package org.vit4j.metrics;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.ToDoubleFunction;
import org.vit4j.config.Checks;
import org.vit4j.data.Batch;

/**
 * Scores of images with several labels. The loss is the binary cross entropy, averaged over images and classes; a class is
 * predicted if its probability is above a threshold. An image counts for top-1 if the class with the largest logit is one of its labels.
 * There is no confusion matrix.
 */
public final class MultiLabelScores implements Metric.MetricState {
    private static final double DEFAULT_THRESHOLD = 0.5;

    private final IntFunction<int[]> labels;
    private final List<String> classes;
    private final double threshold;
    private final double logitThreshold;
    private final long[] correct;
    private final long[] actual;
    private final long[] predicted;
    private double loss;
    private long count;
    private long labeled;
    private long top1;
    private long top5;

    /**
     * Starts with a threshold of 0.5.
     *
     * @param labels classes of an image by its index in the dataset
     */
    public MultiLabelScores(IntFunction<int[]> labels, List<String> classes) {
        this(labels, classes, DEFAULT_THRESHOLD);
    }

    /**
     * Starts with a threshold.
     *
     * @param labels classes of an image by its index in the dataset
     * @param threshold probability in (0, 1)
     */
    public MultiLabelScores(IntFunction<int[]> labels, List<String> classes, double threshold) {
        Checks.check(threshold > 0 && threshold < 1, "threshold", threshold, "must be in (0, 1)");
        this.labels = labels;
        this.threshold = threshold;
        this.logitThreshold = Math.log(threshold / (1 - threshold)); // 0 for 0.5, also rounded
        this.classes = List.copyOf(classes);
        this.correct = new long[classes.size()];
        this.actual = new long[classes.size()];
        this.predicted = new long[classes.size()];
    }

    @Override
    public void add(Batch batch, double[][] logits) {
        for (int i = 0; i < logits.length; i++) {
            int index = batch.indices()[i];
            add(logits[i], labels.apply(index), index);
        }
    }

    /** Not supported: the labels of the dataset do not say which image they belong to. */
    @Override
    public void add(double[][] logits, int[] datasetLabels) {
        throw new UnsupportedOperationException("requires the indices of the images");
    }

    private void add(double[] logits, int[] own, int index) {
        Checks.require(
                logits.length == actual.length,
                "%d logits, expected %d, one for each class",
                logits.length,
                actual.length);

        boolean[] positive = new boolean[logits.length];
        for (int label : own) {
            Batch.checkLabel(label, logits.length, index);
            positive[label] = true;
        }
        for (int k = 0; k < logits.length; k++) {
            double x = logits[k];
            loss += Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))) - (positive[k] ? x : 0);
            if (positive[k]) actual[k]++;
            if (x > logitThreshold) predicted[k]++;
            if (positive[k] && x > logitThreshold) correct[k]++;
        }
        count++;
        if (own.length == 0) return;
        labeled++;
        if (positive[WorstMistakes.argMax(logits)]) top1++;
        if (Arrays.stream(own).anyMatch(label -> Evaluator.isAmong(logits, label, 5))) top5++;
    }

    /** Mean F1 of the classes, as scikit-learn's {@code f1_score(average="macro")}. */
    @Override
    public double value() {
        return ScoreMetric.meanF1(scores());
    }

    /** All scores; images without labels do not count for top-1 and top-5. */
    public Scores scores() {
        List<Scores.ClassScore> byClass = new ArrayList<>();
        for (int k = 0; k < actual.length; k++) {
            byClass.add(Evaluator.classScore(classes.get(k), correct[k], actual[k], predicted[k]));
        }
        return new Scores(
                count == 0 ? 0 : loss / count / classes.size(),
                Evaluator.ratio(top1, labeled),
                Evaluator.ratio(top5, labeled),
                count,
                byClass,
                new long[0][0]);
    }

    double threshold() {
        return threshold;
    }

    /** Scores of all pairs of image and class together. */
    Scores.ClassScore micro() {
        return Evaluator.classScore("micro", sum(correct), sum(actual), sum(predicted));
    }

    /** Means of the scores of all classes. */
    Scores.ClassScore macro() {
        List<Scores.ClassScore> all = scores().classes();
        return new Scores.ClassScore(
                "macro",
                sum(actual),
                mean(all, Scores.ClassScore::precision),
                mean(all, Scores.ClassScore::recall),
                mean(all, Scores.ClassScore::f1));
    }

    private static long sum(long[] counts) {
        return Arrays.stream(counts).sum();
    }

    private static double mean(List<Scores.ClassScore> all, ToDoubleFunction<Scores.ClassScore> value) {
        return all.stream().mapToDouble(value).average().orElse(0);
    }
}
