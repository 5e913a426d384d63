package org.vit4j.metrics;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.vit4j.data.Batch;

/** Collects the misclassified images with the highest cross entropy during an evaluation. */
public final class WorstMistakes {
    /** Worst first. Ties are broken by dataset index, which makes the result deterministic. */
    private static final Comparator<Mistake> WORST_FIRST = Comparator.comparingDouble(Mistake::probabilityOfActual)
            .thenComparing(Comparator.comparingDouble(Mistake::probability).reversed())
            .thenComparingInt(Mistake::index);

    private final int max;
    private final PriorityQueue<Mistake> mistakes = new PriorityQueue<>(WORST_FIRST.reversed());

    /** Creates a collector of at most {@code max} images. */
    public WorstMistakes(int max) {
        this.max = max;
    }

    /**
     * Adds the mistakes of a batch.
     *
     * @param logits [N, K]
     */
    void add(Batch batch, double[][] logits) {
        if (max == 0) return;
        for (int i = 0; i < batch.size(); i++) {
            int predicted = argMax(logits[i]);
            if (predicted == batch.labels()[i]) continue;
            double total = 0;
            for (double value : logits[i]) total += Math.exp(value - logits[i][predicted]);
            double ofActual = Math.exp(logits[i][batch.labels()[i]] - logits[i][predicted]) / total;
            addIfWorse(
                    new Mistake(batch.indices()[i], batch.labels()[i], predicted, 1 / total, ofActual, new float[0]),
                    batch,
                    i);
        }
    }

    private void addIfWorse(Mistake m, Batch batch, int row) {
        if (mistakes.size() == max && WORST_FIRST.compare(m, mistakes.element()) >= 0) return;
        int size = batch.images().length / batch.size();
        float[] pixels = Arrays.copyOfRange(batch.images(), row * size, (row + 1) * size);
        mistakes.add(
                new Mistake(m.index(), m.actual(), m.predicted(), m.probability(), m.probabilityOfActual(), pixels));
        if (mistakes.size() > max) mistakes.remove();
    }

    /** Index of the first largest value. */
    static int argMax(double[] row) {
        int best = 0;
        for (int i = 1; i < row.length; i++) if (row[i] > row[best]) best = i;
        return best;
    }

    /** Returns the mistakes, worst first. */
    public List<Mistake> list() {
        return mistakes.stream().sorted(WORST_FIRST).toList();
    }
}
