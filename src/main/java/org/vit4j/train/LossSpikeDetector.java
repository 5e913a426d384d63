package org.vit4j.train;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.OptionalDouble;

/** Detects losses far above the previous ones. */
final class LossSpikeDetector {
    private static final int WINDOW = 100;
    private static final int MIN_LOSSES = 20;

    private final double deviations;
    private final Deque<Double> previous = new ArrayDeque<>();

    /**
     * @param deviations standard deviations above the mean of the last {@value #WINDOW} losses; 0 disables detection
     */
    LossSpikeDetector(double deviations) {
        this.deviations = deviations;
    }

    /** Adds a loss; returns the mean of the previous losses if the new one is a spike. */
    OptionalDouble add(double loss) {
        double mean = previous.stream().mapToDouble(x -> x).average().orElse(0);
        double variance = previous.stream()
                .mapToDouble(x -> (x - mean) * (x - mean))
                .average()
                .orElse(0);
        boolean spike =
                deviations > 0 && previous.size() >= MIN_LOSSES && loss > mean + deviations * Math.sqrt(variance);
        previous.addLast(loss);
        if (previous.size() > WINDOW) previous.removeFirst();
        return spike ? OptionalDouble.of(mean) : OptionalDouble.empty();
    }
}
