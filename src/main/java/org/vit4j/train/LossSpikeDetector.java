package org.vit4j.train;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.OptionalDouble;

/** Tells when a loss stands out from those before it. */
final class LossSpikeDetector {
    private static final int WINDOW = 100;
    private static final int ENOUGH = 20;

    private final double deviations;
    private final Deque<Double> before = new ArrayDeque<>();

    /** @param deviations above the mean of the last {@value #WINDOW} losses that are called a spike; 0: nothing is */
    LossSpikeDetector(double deviations) {
        this.deviations = deviations;
    }

    /** The mean that a loss stands out from, if it does. */
    OptionalDouble add(double loss) {
        double mean = before.stream().mapToDouble(x -> x).average().orElse(0);
        double variance = before.stream()
                .mapToDouble(x -> (x - mean) * (x - mean))
                .average()
                .orElse(0);
        boolean spike = deviations > 0 && before.size() >= ENOUGH && loss > mean + deviations * Math.sqrt(variance);
        before.addLast(loss);
        if (before.size() > WINDOW) before.removeFirst();
        return spike ? OptionalDouble.of(mean) : OptionalDouble.empty();
    }
}
