package org.vit4j.train;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Optional;
import org.vit4j.optim.ValidationMetrics;

/**
 * One line of {@code metrics.jsonl}. Accuracies are fractions, 0 to 1; the learning rate is that of the last step.
 *
 * @param valEmaLoss validation loss of the moving average of the weights; null and not written if there is none
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record EpochMetrics(
        @JsonProperty("epoch") int epoch,
        @JsonProperty("lr") double lr,
        @JsonProperty("train_loss") double trainLoss,
        @JsonProperty("train_top1") double trainTop1,
        @JsonProperty("val_loss") double valLoss,
        @JsonProperty("val_top1") double valTop1,
        @JsonProperty("val_ema_loss") Double valEmaLoss,
        @JsonProperty("val_ema_top1") Double valEmaTop1,
        @JsonProperty("images_per_second") double imagesPerSecond,
        @JsonProperty("seconds") double seconds)
        implements ValidationMetrics {

    private record EpochScore(double valLoss, double valTop1) implements ValidationMetrics {}

    /** Validation metrics of the moving average of the weights; empty if there is none. */
    public Optional<ValidationMetrics> ema() {
        return valEmaLoss == null ? Optional.empty() : Optional.of(new EpochScore(valEmaLoss, valEmaTop1));
    }

    /** Returns true if the moving average has better metrics than the weights. */
    boolean averageIsBetter() {
        return ema().map(average -> isBetter(average, this)).orElse(false);
    }

    /** Compares {@link #best} of two epochs: first by accuracy, then by loss. */
    boolean betterThan(EpochMetrics other) {
        return isBetter(best(), other.best());
    }

    /** Validation metrics of the better of weights and average, the one that {@code model.keras} holds. */
    public ValidationMetrics best() {
        return averageIsBetter() ? ema().orElseThrow() : this;
    }

    private static boolean isBetter(ValidationMetrics a, ValidationMetrics b) {
        return a.valTop1() != b.valTop1() ? a.valTop1() > b.valTop1() : a.valLoss() < b.valLoss();
    }
}
