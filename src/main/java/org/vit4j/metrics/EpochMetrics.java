package org.vit4j.metrics;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * One line of {@code metrics.jsonl}. Accuracies are fractions, 0 to 1; the learning rate is that of the last step.
 *
 * @param valEmaLoss validation loss of the moving average of the weights; null and not written if there is none
 * @param metrics values of further metrics of the weights, by name; not written if there are none
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
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
        @JsonProperty("seconds") double seconds,
        @JsonProperty("metrics") Map<String, Double> metrics)
        implements ValidationMetrics {

    private record EpochScore(double valLoss, double valTop1) implements ValidationMetrics {}

    public EpochMetrics {
        metrics = metrics == null ? Map.of() : Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
    }

    /** Metrics of an epoch without further metrics. */
    public EpochMetrics(
            int epoch,
            double lr,
            double trainLoss,
            double trainTop1,
            double valLoss,
            double valTop1,
            Double valEmaLoss,
            Double valEmaTop1,
            double imagesPerSecond,
            double seconds) {
        this(
                epoch,
                lr,
                trainLoss,
                trainTop1,
                valLoss,
                valTop1,
                valEmaLoss,
                valEmaTop1,
                imagesPerSecond,
                seconds,
                Map.of());
    }

    /** Metrics of a line of {@link MetricsFile}; missing accuracies are 0, missing losses NaN. */
    static EpochMetrics of(Map<String, Double> line) {
        return new EpochMetrics(
                line.get("epoch").intValue(),
                line.getOrDefault("lr", 0.0),
                line.getOrDefault("train_loss", Double.NaN),
                line.getOrDefault("train_top1", 0.0),
                line.getOrDefault("val_loss", Double.NaN),
                line.getOrDefault("val_top1", 0.0),
                line.containsKey("val_ema_top1") ? line.getOrDefault("val_ema_loss", Double.NaN) : null,
                line.get("val_ema_top1"),
                line.getOrDefault("images_per_second", 0.0),
                line.getOrDefault("seconds", 0.0));
    }

    /** Validation metrics of the moving average of the weights; empty if there is none. */
    public Optional<ValidationMetrics> ema() {
        return valEmaLoss == null ? Optional.empty() : Optional.of(new EpochScore(valEmaLoss, valEmaTop1));
    }

    /** Returns true if the moving average has better metrics than the weights. */
    public boolean averageIsBetter() {
        return ema().map(average -> BestEpoch.isBetter(average, this)).orElse(false);
    }

    /** Validation metrics of the better of weights and average, the one that {@code model.keras} holds. */
    public ValidationMetrics best() {
        return averageIsBetter() ? ema().orElseThrow() : this;
    }
}
