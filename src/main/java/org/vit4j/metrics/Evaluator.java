package org.vit4j.metrics;

import java.util.ArrayList;
import java.util.List;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.Inference;
import org.vit4j.data.Batch;
import org.vit4j.data.BatchIterator;
import org.vit4j.data.BatchSource;

/** Runs a model over labelled images; accuracies and confusion come from ND4J's {@link Evaluation}. */
public final class Evaluator {
    private Evaluator() {}

    public static Scores evaluate(Inference inference, BatchSource batches, List<String> classes) {
        return evaluate(inference, batches, classes, new WorstMistakes(0));
    }

    /** The same, and gathers what the model is most wrong about. */
    public static Scores evaluate(
            Inference inference, BatchSource batches, List<String> classes, WorstMistakes mistakes) {
        Evaluation evaluation = new Evaluation(classes, Math.min(5, classes.size()));
        double loss = 0;
        long count = 0;
        try (BatchIterator epoch = batches.epoch(0, 0)) {
            while (epoch.hasNext()) {
                Batch batch = epoch.next();
                double[][] rows;
                try (INDArray images = batch.array();
                        INDArray logits = inference.logits(images);
                        INDArray labels = oneHot(batch.labels(), classes.size())) {
                    evaluation.eval(labels, logits);
                    rows = logits.toDoubleMatrix();
                }
                loss += crossEntropy(rows, batch.labels());
                mistakes.batch(batch, rows);
                count += batch.size();
            }
        }
        return scores(evaluation, loss, count, classes);
    }

    private static Scores scores(Evaluation evaluation, double loss, long count, List<String> classes) {
        int k = classes.size();
        long[][] confusion = new long[k][k];
        List<Scores.ClassScore> byClass = new ArrayList<>();
        for (int actual = 0; actual < k; actual++) {
            long images = 0;
            for (int predicted = 0; predicted < k; predicted++) {
                confusion[actual][predicted] = evaluation.getConfusionMatrix().getCount(actual, predicted);
                images += confusion[actual][predicted];
            }
            byClass.add(new Scores.ClassScore(
                    classes.get(actual),
                    images,
                    evaluation.precision(actual, 0),
                    evaluation.recall(actual, 0),
                    evaluation.f1(actual)));
        }
        double top1 = hits(confusion) / (double) count;
        return new Scores(loss / count, top1, evaluation.topNAccuracy(), count, byClass, confusion);
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

    private static INDArray oneHot(int[] labels, int classes) {
        INDArray rows = Nd4j.zeros(DataType.FLOAT, labels.length, classes);
        for (int i = 0; i < labels.length; i++) rows.putScalar(i, labels[i], 1);
        return rows;
    }
}
