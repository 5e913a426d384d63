package org.vit4j.metrics;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.vit4j.data.Batch;

/**
 * Mean average precision of images with several labels: the mean over the classes that have images of
 * {@code sum_n (R_n - R_(n-1)) P_n}, where P_n and R_n are precision and recall at the n-th highest logit; equal logits are one
 * step. As scikit-learn's {@code average_precision_score(average="macro")} and torchmetrics'
 * {@code MultilabelAveragePrecision}.
 */
public final class AveragePrecision implements Metric.MetricState {
    private final IntFunction<int[]> labels;
    private final List<double[]> logits = new ArrayList<>();
    private final List<int[]> actual = new ArrayList<>();

    /** @param labels classes of an image by its index in the dataset */
    public AveragePrecision(IntFunction<int[]> labels) {
        this.labels = labels;
    }

    @Override
    public void add(Batch batch, double[][] rows) {
        for (int i = 0; i < rows.length; i++) {
            logits.add(rows[i]);
            actual.add(labels.apply(batch.indices()[i]));
        }
    }

    /** Not supported: the labels of the dataset do not say which image they belong to. */
    @Override
    public void add(double[][] rows, int[] datasetLabels) {
        throw new UnsupportedOperationException("requires the indices of the images");
    }

    /** Average precision of each class; empty for classes without images. */
    public List<OptionalDouble> byClass() {
        int classes = logits.isEmpty() ? 0 : logits.get(0).length;
        return IntStream.range(0, classes).mapToObj(this::ofClass).toList();
    }

    private OptionalDouble ofClass(int k) {
        boolean[] positive = new boolean[logits.size()];
        int positives = 0;
        for (int i = 0; i < positive.length; i++) {
            positive[i] = Arrays.stream(actual.get(i)).anyMatch(label -> label == k);
            if (positive[i]) positives++;
        }
        if (positives == 0) return OptionalDouble.empty();
        int[] order = IntStream.range(0, positive.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -logits.get(i)[k]))
                .mapToInt(i -> i)
                .toArray();
        double sum = 0;
        int found = 0;
        int before = 0;
        for (int n = 0; n < order.length; n++) {
            if (positive[order[n]]) found++;
            boolean tied = n + 1 < order.length && logits.get(order[n])[k] == logits.get(order[n + 1])[k];
            if (tied) continue;
            sum += (double) (found - before) / positives * found / (n + 1);
            before = found;
        }
        return OptionalDouble.of(sum);
    }

    @Override
    public double value() {
        return byClass().stream()
                .flatMapToDouble(OptionalDouble::stream)
                .average()
                .orElse(0);
    }
}
