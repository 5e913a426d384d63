package org.vit4j.metrics;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.vit4j.data.Batch;

/** The images a network is most wrong about, by cross entropy, gathered while it is evaluated. */
public final class WorstMistakes {
    /** The worse first; the order of the dataset where two are alike, so that the same network gives the same list. */
    private static final Comparator<Mistake> WORSE = Comparator.comparingDouble(Mistake::probabilityOfActual)
            .thenComparing(Comparator.comparingDouble(Mistake::probability).reversed())
            .thenComparingInt(Mistake::index);

    private final int most;
    private final PriorityQueue<Mistake> kept = new PriorityQueue<>(WORSE.reversed());

    /** @param most images that are kept */
    public WorstMistakes(int most) {
        this.most = most;
    }

    /** @param logits [N, K] */
    void batch(Batch batch, double[][] logits) {
        if (most == 0) return;
        for (int i = 0; i < batch.size(); i++) {
            int predicted = largest(logits[i]);
            if (predicted == batch.labels()[i]) continue;
            double total = 0;
            for (double value : logits[i]) total += Math.exp(value - logits[i][predicted]);
            double ofActual = Math.exp(logits[i][batch.labels()[i]] - logits[i][predicted]) / total;
            offer(
                    new Mistake(batch.indices()[i], batch.labels()[i], predicted, 1 / total, ofActual, new float[0]),
                    batch,
                    i);
        }
    }

    private void offer(Mistake m, Batch batch, int row) {
        if (kept.size() == most && WORSE.compare(m, kept.element()) >= 0) return;
        int size = batch.images().length / batch.size();
        float[] pixels = Arrays.copyOfRange(batch.images(), row * size, (row + 1) * size);
        kept.add(new Mistake(m.index(), m.actual(), m.predicted(), m.probability(), m.probabilityOfActual(), pixels));
        if (kept.size() > most) kept.remove();
    }

    /** The first of the largest. */
    static int largest(double[] row) {
        int best = 0;
        for (int i = 1; i < row.length; i++) if (row[i] > row[best]) best = i;
        return best;
    }

    /** The worst first. */
    public List<Mistake> list() {
        return kept.stream().sorted(WORSE).toList();
    }
}
