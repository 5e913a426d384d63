package org.vit4j.metrics;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.Inference;
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
     */
    public static Scores evaluate(
            UnaryOperator<INDArray> network,
            BatchSource batches,
            List<String> classes,
            WorstMistakes mistakes,
            List<Metric.MetricState> metrics) {
        long[][] confusion = new long[classes.size()][classes.size()];
        double loss = 0;
        long top5 = 0;
        long count = 0;
        try (BatchIterator epoch = batches.epoch(0, 0)) {
            while (epoch.hasNext()) {
                Batch batch = epoch.next();
                double[][] rows;
                try (INDArray images = batch.array();
                        INDArray logits = network.apply(images)) {
                    rows = logits.toDoubleMatrix();
                }
                for (int i = 0; i < rows.length; i++) {
                    int label = batch.labels()[i];
                    confusion[label][WorstMistakes.argMax(rows[i])]++;
                    if (isAmong(rows[i], label, 5)) top5++;
                }
                loss += crossEntropy(rows, batch.labels());
                mistakes.add(batch, rows);
                for (Metric.MetricState metric : metrics) metric.add(batch, rows);
                count += batch.size();
            }
        }
        return scores(confusion, loss, top5, count, classes);
    }

    /** Returns true if fewer than {@code k} logits are larger than the label's; always with k classes or fewer. */
    static boolean isAmong(double[] row, int label, int k) {
        int larger = 0;
        for (double value : row) if (value > row[label]) larger++;
        return larger < k;
    }

    private static Scores scores(long[][] confusion, double loss, long top5, long count, List<String> classes) {
        List<Scores.ClassScore> byClass = new ArrayList<>();
        for (int k = 0; k < classes.size(); k++) {
            long actual = 0;
            long predicted = 0;
            for (int other = 0; other < classes.size(); other++) {
                actual += confusion[k][other];
                predicted += confusion[other][k];
            }
            long correct = confusion[k][k];
            byClass.add(new Scores.ClassScore(
                    classes.get(k),
                    actual,
                    ratio(correct, predicted),
                    ratio(correct, actual),
                    ratio(2 * correct, actual + predicted)));
        }
        return new Scores(
                count == 0 ? 0 : loss / count,
                ratio(correct(confusion), count),
                ratio(top5, count),
                count,
                byClass,
                confusion);
    }

    /** Returns 0 if there is nothing to count. */
    static double ratio(long part, long total) {
        return total == 0 ? 0 : (double) part / total;
    }

    private static long correct(long[][] confusion) {
        long correct = 0;
        for (int i = 0; i < confusion.length; i++) correct += confusion[i][i];
        return correct;
    }

    /** Counts the rows whose largest logit is that of the label. */
    public static long correct(INDArray logits, int[] labels) {
        int[] predicted = logits.argMax(1).toIntVector();
        long correct = 0;
        for (int i = 0; i < labels.length; i++) if (predicted[i] == labels[i]) correct++;
        return correct;
    }

    /** Sums the cross entropy over the rows, in double. */
    private static double crossEntropy(double[][] rows, int[] labels) {
        double sum = 0;
        for (int i = 0; i < labels.length; i++) {
            double max = java.util.Arrays.stream(rows[i]).max().orElseThrow();
            double total = 0;
            for (double value : rows[i]) total += Math.exp(value - max);
            sum += max + Math.log(total) - rows[i][labels[i]];
        }
        return sum;
    }
}
