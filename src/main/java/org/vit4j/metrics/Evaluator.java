package org.vit4j.metrics;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.IntFunction;
import java.util.function.UnaryOperator;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.Inference;
import org.vit4j.config.Checks;
import org.vit4j.data.Batch;
import org.vit4j.data.BatchIterator;
import org.vit4j.data.BatchSource;

/**
 * Evaluates a model on labeled images: loss, top-1, top-5, confusion matrix, precision and recall. Correct for any number of
 * classes, including one, and for classes without images.
 */
public final class Evaluator {
    private Evaluator() {}

    /** Evaluates a model on all batches of one epoch. */
    public static Scores evaluate(Inference inference, BatchSource batches, List<String> classes) {
        return evaluate(inference, batches, classes, new WorstMistakes(0));
    }

    /** Evaluates a model and collects its worst mistakes. */
    public static Scores evaluate(
            Inference inference, BatchSource batches, List<String> classes, WorstMistakes mistakes) {
        return evaluate(inference, batches, classes, mistakes, List.of());
    }

    /** Evaluates a model, collects its worst mistakes and computes further metrics. */
    public static Scores evaluate(
            Inference inference,
            BatchSource batches,
            List<String> classes,
            WorstMistakes mistakes,
            List<Metric.MetricState> metrics) {
        return evaluate(inference::logits, batches, classes, mistakes, metrics);
    }

    /**
     * Evaluates a function of preprocessed images.
     *
     * @param network [B, H, W, C] -> logits [B, K], closed after each batch
     * @throws IllegalArgumentException if the number of classes is not K, or a label is not the index of a class
     */
    public static Scores evaluate(
            UnaryOperator<INDArray> network,
            BatchSource batches,
            List<String> classes,
            WorstMistakes mistakes,
            List<Metric.MetricState> metrics) {
        ScoreSums sums = new ScoreSums(classes.size());
        forEachBatch(network, batches, (batch, rows) -> {
            sums.add(rows, batch.labels(classes.size()));
            mistakes.add(batch, rows);
            for (Metric.MetricState metric : metrics) metric.add(batch, rows);
        });
        return sums.scores(classes);
    }

    /**
     * Evaluates a model on images with several labels, and computes further metrics.
     *
     * @param labels classes of an image by its index in the dataset
     */
    public static Scores evaluateMultiLabel(
            Inference inference,
            BatchSource batches,
            List<String> classes,
            IntFunction<int[]> labels,
            List<Metric.MetricState> metrics) {
        MultiLabelScores scores = new MultiLabelScores(labels, classes);
        List<Metric.MetricState> all = new ArrayList<>(metrics);
        all.add(scores);
        evaluate(inference::logits, batches, all);
        return scores.scores();
    }

    /**
     * Computes metrics of a function of preprocessed images.
     *
     * @param network [B, H, W, C] -> logits [B, K], closed after each batch
     */
    public static void evaluate(
            UnaryOperator<INDArray> network, BatchSource batches, List<? extends Metric.MetricState> metrics) {
        forEachBatch(network, batches, (batch, rows) -> {
            for (Metric.MetricState metric : metrics) metric.add(batch, rows);
        });
    }

    private static void forEachBatch(
            UnaryOperator<INDArray> network, BatchSource batches, BiConsumer<Batch, double[][]> action) {
        try (BatchIterator epoch = batches.epoch(0, 0)) {
            while (epoch.hasNext()) {
                Batch batch = epoch.next();
                double[][] rows;
                try (INDArray images = batch.array();
                        INDArray logits = network.apply(images)) {
                    rows = logits.toDoubleMatrix();
                }
                action.accept(batch, rows);
                epoch.release(batch);
            }
        }
    }

    /**
     * Returns true if fewer than {@code k} logits are larger than the label's, as which each comparison with NaN counts; always with
     * k classes or fewer.
     */
    static boolean isAmong(double[] row, int label, int k) {
        int larger = 0;
        for (double value : row) if (!(value <= row[label])) larger++; // also with NaN
        return larger < k || row.length <= k;
    }

    /**
     * Scores of one class.
     *
     * @param correct number of images of the class that were predicted as it
     * @param actual number of images of the class
     * @param predicted number of images that were predicted as the class
     */
    static Scores.ClassScore classScore(String name, long correct, long actual, long predicted) {
        return new Scores.ClassScore(
                name,
                actual,
                ratio(correct, predicted),
                ratio(correct, actual),
                ratio(2 * correct, actual + predicted));
    }

    /** Returns 0 if there is nothing to count. */
    static double ratio(long part, long total) {
        return total == 0 ? 0 : (double) part / total;
    }

    /**
     * Counts the rows whose largest logit is that of the label.
     *
     * @param logits [N, K]
     * @param labels [N]
     */
    public static long correct(INDArray logits, int[] labels) {
        Checks.require(logits.size(0) == labels.length, "%d labels, expected %d", labels.length, logits.size(0));
        int[] predicted = logits.argMax(1).toIntVector();
        long correct = 0;
        for (int i = 0; i < labels.length; i++) if (predicted[i] == labels[i]) correct++;
        return correct;
    }
}
