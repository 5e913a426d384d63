package org.vit4j.metrics;

import java.util.ArrayList;
import java.util.List;
import org.vit4j.config.Checks;

/**
 * Calibration of a model: the difference between its confidence, the largest probability of an image, and its accuracy.
 * Images are sorted into bins of equal width by confidence; bin b of n contains (b / n, (b + 1) / n]. See Guo et al., <a
 * href="https://arxiv.org/abs/1706.04599">arXiv 1706.04599</a>.
 */
public final class Calibration implements Metric.MetricState {
    /** Number of bins of the paper. */
    public static final int DEFAULT_BINS = 15;

    private final long[] counts;
    private final long[] correct;
    private final double[] confidence;

    /** Creates an empty calibration with a number of bins. */
    public Calibration(int bins) {
        Checks.positive("bins", bins);
        counts = new long[bins];
        correct = new long[bins];
        confidence = new double[bins];
    }

    /**
     * Images with a confidence in (low, high].
     *
     * @param confidence mean, 0 without images
     * @param accuracy 0 without images
     */
    public record CalibrationBin(double low, double high, long count, double confidence, double accuracy) {}

    @Override
    public void add(double[][] logits, int[] labels) {
        for (int i = 0; i < logits.length; i++) {
            int predicted = WorstMistakes.argMax(logits[i]);
            double total = 0;
            for (double value : logits[i]) total += Math.exp(value - logits[i][predicted]);
            double largest = 1 / total;
            int bin = Math.max(0, (int) Math.ceil(largest * counts.length) - 1);
            counts[bin]++;
            confidence[bin] += largest;
            if (predicted == labels[i]) correct[bin]++;
        }
    }

    /** Expected calibration error: mean of |accuracy - confidence| of the bins, weighted by their numbers of images. */
    @Override
    public double value() {
        double sum = 0;
        long all = 0;
        for (CalibrationBin bin : bins()) {
            sum += bin.count() * Math.abs(bin.accuracy() - bin.confidence());
            all += bin.count();
        }
        return all == 0 ? 0 : sum / all;
    }

    /** Returns all bins, the least confident first. */
    public List<CalibrationBin> bins() {
        List<CalibrationBin> bins = new ArrayList<>();
        for (int b = 0; b < counts.length; b++) {
            double n = Math.max(1, counts[b]);
            bins.add(new CalibrationBin(
                    (double) b / counts.length,
                    (b + 1.0) / counts.length,
                    counts[b],
                    confidence[b] / n,
                    correct[b] / n));
        }
        return bins;
    }
}
