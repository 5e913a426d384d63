package org.vit4j.bench;

import java.util.List;

/** What repeated measurements of one thing came to, in seconds: the median, and how far the rest lies around it. */
public record Timings(double p10, double median, double p90) {

    static Timings of(List<Double> seconds) {
        List<Double> sorted = seconds.stream().sorted().toList();
        return new Timings(at(sorted, 0.1), at(sorted, 0.5), at(sorted, 0.9));
    }

    /** Between the two neighbors in proportion, as NumPy's percentile. */
    private static double at(List<Double> sorted, double share) {
        double place = share * (sorted.size() - 1);
        int below = (int) Math.floor(place);
        int above = Math.min(below + 1, sorted.size() - 1);
        return sorted.get(below) + (place - below) * (sorted.get(above) - sorted.get(below));
    }
}
