package org.vit4j.metrics;

import java.util.List;
import java.util.Optional;

/**
 * Best epoch of a run, the one whose weights {@code model.keras} holds; by default the one with the highest top-1 accuracy on
 * the validation set, see {@link BestMetric}. In each epoch, the better of the weights and their moving average counts.
 *
 * @param epoch from 1
 * @param top1 its accuracy, as its loss also if another measure selects the epoch
 * @param averaged true for the moving average of the weights
 */
public record BestEpoch(int epoch, double top1, double loss, boolean averaged) {

    /** Finds the best of the finished epochs; empty if there is none. */
    public static Optional<BestEpoch> of(List<EpochMetrics> epochs, BestMetric metric) {
        return find(epochs, metric).map(epoch -> of(epoch, metric));
    }

    /** Returns the validation metrics of the best epoch, of the better of weights and average. */
    public static Optional<ValidationMetrics> metrics(List<EpochMetrics> epochs, BestMetric metric) {
        return find(epochs, metric).map(epoch -> epoch.best(metric));
    }

    private static Optional<EpochMetrics> find(List<EpochMetrics> epochs, BestMetric metric) {
        return epochs.stream().reduce((a, b) -> metric.isBetter(b.best(metric), a.best(metric)) ? b : a);
    }

    private static BestEpoch of(EpochMetrics epoch, BestMetric metric) {
        ValidationMetrics best = epoch.best(metric);
        return new BestEpoch(epoch.epoch(), best.valTop1(), best.valLoss(), epoch.averageIsBetter(metric));
    }
}
