package org.vit4j.metrics;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.vit4j.config.Checks;

/** Counts of an evaluation with one label per image. */
final class ScoreSums {
    private final long[][] confusion;
    private double loss;
    private long top5;
    private long count;

    ScoreSums(int classes) {
        confusion = new long[classes][classes];
    }

    /** @param rows logits, [N, K] */
    void add(double[][] rows, int[] labels) {
        for (int i = 0; i < rows.length; i++) {
            Checks.require(
                    rows[i].length == confusion.length,
                    "%d logits, expected %d, one for each class",
                    rows[i].length,
                    confusion.length);
            confusion[labels[i]][WorstMistakes.argMax(rows[i])]++;
            if (Evaluator.isAmong(rows[i], labels[i], 5)) top5++;
        }
        loss += crossEntropy(rows, labels);
        count += rows.length;
    }

    /** The numbers of the classes as names. */
    List<String> numbers() {
        return IntStream.range(0, confusion.length).mapToObj(String::valueOf).toList();
    }

    Scores scores(List<String> classes) {
        List<Scores.ClassScore> byClass = new ArrayList<>();
        for (int k = 0; k < classes.size(); k++) {
            long actual = 0;
            long predicted = 0;
            for (int other = 0; other < classes.size(); other++) {
                actual += confusion[k][other];
                predicted += confusion[other][k];
            }
            byClass.add(Evaluator.classScore(classes.get(k), confusion[k][k], actual, predicted));
        }
        return new Scores(
                count == 0 ? 0 : loss / count,
                Evaluator.ratio(correct(), count),
                Evaluator.ratio(top5, count),
                count,
                byClass,
                confusion);
    }

    private long correct() {
        long correct = 0;
        for (int i = 0; i < confusion.length; i++) correct += confusion[i][i];
        return correct;
    }

    /** Sums the cross entropy over the rows, in double. */
    private static double crossEntropy(double[][] rows, int[] labels) {
        double sum = 0;
        for (int i = 0; i < labels.length; i++) {
            double max = Arrays.stream(rows[i]).max().orElseThrow();
            double total = 0;
            for (double value : rows[i]) total += Math.exp(value - max);
            sum += max + Math.log(total) - rows[i][labels[i]];
        }
        return sum;
    }
}
