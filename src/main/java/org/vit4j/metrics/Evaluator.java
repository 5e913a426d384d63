package org.vit4j.metrics;

import java.util.ArrayList;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.backend.Inference;
import org.vit4j.data.Batch;
import org.vit4j.data.BatchIterator;
import org.vit4j.data.BatchSource;

/**
 * Runs a model over labeled images and counts: loss, top-1, top-5, confusion, precision and recall. Right for any number of
 * classes, also one, and for classes without images.
 */
public final class Evaluator {
    private Evaluator() {}

    public static Scores evaluate(Inference inference, BatchSource batches, List<String> classes) {
        return evaluate(inference, batches, classes, new WorstMistakes(0));
    }

    /** The same, and gathers what the model is most wrong about. */
    public static Scores evaluate(
            Inference inference, BatchSource batches, List<String> classes, WorstMistakes mistakes) {
        long[][] confusion = new long[classes.size()][classes.size()];
        double loss = 0;
        long top5 = 0;
        long count = 0;
        try (BatchIterator epoch = batches.epoch(0, 0)) {
            while (epoch.hasNext()) {
                Batch batch = epoch.next();
                double[][] rows;
                try (INDArray images = batch.array();
                        INDArray logits = inference.logits(images)) {
                    rows = logits.toDoubleMatrix();
                }
                for (int i = 0; i < rows.length; i++) {
                    int label = batch.labels()[i];
                    confusion[label][WorstMistakes.largest(rows[i])]++;
                    if (isAmong(rows[i], label, 5)) top5++;
                }
                loss += crossEntropy(rows, batch.labels());
                mistakes.batch(batch, rows);
                count += batch.size();
            }
        }
        return scores(confusion, loss, top5, count, classes);
    }

    /** Returns true if fewer than {@code k} logits are larger than the label's; always with k classes or fewer. */
    private static boolean isAmong(double[] row, int label, int k) {
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
            long hits = confusion[k][k];
            byClass.add(new Scores.ClassScore(
                    classes.get(k),
                    actual,
                    ratio(hits, predicted),
                    ratio(hits, actual),
                    ratio(2 * hits, actual + predicted)));
        }
        return new Scores(
                count == 0 ? 0 : loss / count,
                ratio(hits(confusion), count),
                ratio(top5, count),
                count,
                byClass,
                confusion);
    }

    /** 0 where there is nothing to count. */
    private static double ratio(long part, long total) {
        return total == 0 ? 0 : (double) part / total;
    }

    private static long hits(long[][] confusion) {
        long hits = 0;
        for (int i = 0; i < confusion.length; i++) hits += confusion[i][i];
        return hits;
    }

    /** Rows whose largest logit is the label's. */
    public static long hits(INDArray logits, int[] labels) {
        int[] predicted = logits.argMax(1).toIntVector();
        long hits = 0;
        for (int i = 0; i < labels.length; i++) if (predicted[i] == labels[i]) hits++;
        return hits;
    }

    /** Summed over the rows, in double. */
    private static double crossEntropy(double[][] rows, int[] labels) {
        double sum = 0;
        for (int i = 0; i < labels.length; i++) {
            double largest = java.util.Arrays.stream(rows[i]).max().orElseThrow();
            double total = 0;
            for (double value : rows[i]) total += Math.exp(value - largest);
            sum += largest + Math.log(total) - rows[i][labels[i]];
        }
        return sum;
    }
}
