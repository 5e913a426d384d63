package org.vit4j.bench;

import java.util.List;

/** Median and spread (10th and 90th percentile) of repeated measurements, in seconds. */
public record Timings(double p10, double median, double p90) {

    static Timings of(List<Double> seconds) {
        List<Double> sorted = seconds.stream().sorted().toList();
        return new Timings(at(sorted, 0.1), at(sorted, 0.5), at(sorted, 0.9));
    }

    /** Quantile of an unsorted list. */
    static double quantile(List<Double> seconds, double fraction) {
        return at(seconds.stream().sorted().toList(), fraction);
    }

    /** Quantile with linear interpolation, as NumPy's percentile. */
    private static double at(List<Double> sorted, double fraction) {
        double position = fraction * (sorted.size() - 1);
        int below = (int) Math.floor(position);
        int above = Math.min(below + 1, sorted.size() - 1);
        return sorted.get(below) + (position - below) * (sorted.get(above) - sorted.get(below));
    }
}
