package org.vit4j.train;

import java.util.List;
import java.util.Optional;
import org.vit4j.backend.ParameterStore;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.metrics.Mistake;
import org.vit4j.metrics.Scores;

/**
 * Weights and validation results of an epoch.
 *
 * @param best true for the best epoch so far
 * @param averageIsBetter true if the moving average is better than the weights
 * @param average moving average of the weights; empty if there is none
 */
public record ValidatedEpoch(
        EpochMetrics metrics,
        boolean best,
        boolean averageIsBetter,
        ValidatedWeights weights,
        Optional<ValidatedWeights> average) {
    /**
     * Weights with their validation results.
     *
     * @param parameters live; they change in the next step
     * @param mistakes misclassified images with the highest loss
     */
    public record ValidatedWeights(ParameterStore parameters, Scores scores, List<Mistake> mistakes) {}

    /** Returns the better of the weights and their moving average. */
    public ValidatedWeights better() {
        return averageIsBetter ? average.orElseThrow() : weights;
    }
}
