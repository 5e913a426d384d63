package org.vit4j.metrics;

import java.util.List;
import java.util.Optional;

/**
 * Best epoch of a run, the one whose weights {@code model.keras} holds: highest top-1 accuracy on the validation set, then
 * lowest loss, then the earlier one. In each epoch, the better of the weights and their moving average counts.
 *
 * @param epoch from 1
 * @param averaged true for the moving average of the weights
 */
public record BestEpoch(int epoch, double top1, double loss, boolean averaged) {

    /** Finds the best of the finished epochs; empty if there is none. */
    public static Optional<BestEpoch> of(List<EpochMetrics> epochs) {
        return epochs.stream()
                .reduce((a, b) -> isBetter(b.best(), a.best()) ? b : a)
                .map(BestEpoch::of);
    }

    private static BestEpoch of(EpochMetrics epoch) {
        ValidationMetrics best = epoch.best();
        return new BestEpoch(epoch.epoch(), best.valTop1(), best.valLoss(), epoch.averageIsBetter());
    }

    static boolean isBetter(ValidationMetrics a, ValidationMetrics b) {
        return a.valTop1() != b.valTop1() ? a.valTop1() > b.valTop1() : a.valLoss() < b.valLoss();
    }
}
