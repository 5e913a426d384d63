package org.vit4j.metrics;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.vit4j.data.Batch;

/**
 * Average precision of images with several labels: {@code sum_n (R_n - R_(n-1)) P_n}, where P_n and R_n are precision and
 * recall at the n-th highest logit; equal logits are one step. As scikit-learn's {@code average_precision_score} and
 * torchmetrics' {@code MultilabelAveragePrecision}.
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
        double[] all = logits.stream().mapToDouble(row -> row[k]).toArray();
        double[] positive = IntStream.range(0, all.length)
                .filter(i -> Arrays.stream(actual.get(i)).anyMatch(label -> label == k))
                .mapToDouble(i -> all[i])
                .toArray();
        return of(positive, all);
    }

    /** Micro average: average precision of all pairs of image and class together, as {@code average="micro"}; 0 without labels. */
    public double micro() {
        double[] all = logits.stream().flatMapToDouble(Arrays::stream).toArray();
        double[] positive = IntStream.range(0, logits.size())
                .boxed()
                .flatMapToDouble(i -> Arrays.stream(actual.get(i)).mapToDouble(label -> logits.get(i)[label]))
                .toArray();
        return of(positive, all).orElse(0);
    }

    /**
     * Average precision of a ranking; sorts its arguments.
     *
     * @param positive scores of the pairs that are labeled
     * @param all scores of all pairs, these included
     * @return empty without labeled pairs, NaN if a score is NaN
     */
    private static OptionalDouble of(double[] positive, double[] all) {
        if (positive.length == 0) return OptionalDouble.empty();
        Arrays.sort(positive);
        Arrays.sort(all);
        if (Double.isNaN(all[all.length - 1])) return OptionalDouble.of(Double.NaN); // sorted last
        double sum = 0;
        int above = all.length; // scores from this index on are at least the current one
        for (int last = positive.length - 1; last >= 0; ) {
            double score = positive[last];
            int before = positive.length - 1 - last; // labeled pairs with a higher score
            while (last >= 0 && positive[last] == score) last--;
            while (above > 0 && all[above - 1] >= score) above--;
            int found = positive.length - 1 - last;
            sum += (double) (found - before) / positive.length * found / (all.length - above);
        }
        return OptionalDouble.of(sum);
    }

    /** Mean over the classes with images, {@code average="macro"}. */
    @Override
    public double value() {
        return byClass().stream()
                .flatMapToDouble(OptionalDouble::stream)
                .average()
                .orElse(0);
    }
}
