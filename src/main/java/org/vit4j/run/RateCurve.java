package org.vit4j.run;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Loss of a training whose learning rate rises in every step, and the rates that it suggests.
 *
 * @param rates of the steps, ascending
 * @param losses of the steps, not smoothed
 */
public record RateCurve(List<Double> rates, List<Double> losses) {
    /** Factor of the previous mean in the smoothed loss, as in fastai. */
    private static final double BETA = 0.98;
    /** Fewest points for a suggestion. */
    private static final int MIN_POINTS = 10;

    private static final int SKIPPED_AT_THE_END = 5;

    public RateCurve {
        rates = List.copyOf(rates);
        losses = List.copyOf(losses);
        if (rates.size() != losses.size()) throw new IllegalArgumentException("one rate per loss");
    }

    /** Returns true if there are enough points for suggestions. */
    public boolean suggests() {
        return inner().length >= MIN_POINTS;
    }

    /** Exponentially weighted mean of the losses without bias toward 0. */
    public List<Double> smoothed() {
        List<Double> means = new ArrayList<>();
        double mean = 0;
        for (int i = 0; i < losses.size(); i++) {
            mean = BETA * mean + (1 - BETA) * losses.get(i);
            means.add(mean / (1 - Math.pow(BETA, i + 1)));
        }
        return means;
    }

    /** Points without the first tenth, which is noisy, and the last five, where the loss diverges. */
    private int[] inner() {
        int from = losses.size() / 10;
        return IntStream.range(from, Math.max(from, losses.size() - SKIPPED_AT_THE_END))
                .toArray();
    }

    private double[] innerLosses() {
        List<Double> means = smoothed();
        return Arrays.stream(inner()).mapToDouble(means::get).toArray();
    }

    private double rate(int innerIndex) {
        return rates.get(inner()[innerIndex]);
    }

    /** Middle of the longest falling part of the smoothed loss: fastai's {@code valley}. */
    public double valley() {
        double[] loss = innerLosses();
        int[] length = new int[loss.length]; // of the longest falling subsequence that ends here
        Arrays.fill(length, 1);
        int end = 0;
        int start = 0;
        for (int i = 1; i < loss.length; i++) {
            for (int j = 0; j < i; j++) {
                if (loss[i] < loss[j] && length[i] < length[j] + 1) length[i] = length[j] + 1;
                if (length[end] < length[i]) {
                    end = i;
                    start = end - length[end];
                }
            }
        }
        double third = (end - start) / 3.0;
        return rate(Math.max(0, start) + (int) third + (int) (third / 2));
    }

    /** Steepest fall of the smoothed loss, as torch-lr-finder. */
    public double steepest() {
        double[] loss = innerLosses();
        int best = 0;
        for (int i = 1; i < loss.length; i++) if (slope(loss, i) < slope(loss, best)) best = i;
        return rate(best);
    }

    /** Central difference, one-sided at the ends. */
    private static double slope(double[] loss, int i) {
        if (i == 0) return loss[1] - loss[0];
        if (i == loss.length - 1) return loss[i] - loss[i - 1];
        return (loss[i + 1] - loss[i - 1]) / 2;
    }

    /** A tenth of the rate with the lowest smoothed loss. */
    public double tenthOfMinimum() {
        double[] loss = innerLosses();
        int best = 0;
        for (int i = 1; i < loss.length; i++) if (loss[i] < loss[best]) best = i;
        return rate(best) / 10;
    }
}
