package org.vit4j.metrics;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One line of {@code metrics.jsonl}. Accuracies are fractions, 0 to 1; the learning rate is that of the last step.
 *
 * @param valEmaLoss validation loss of the moving average of the weights; null and not written if there is none
 * @param step optimizer steps since the start; null in files of earlier versions
 * @param gradNorm mean over the optimizer steps of the L2 norm of the gradient before clipping; null if unknown
 * @param metrics values of further metrics by name, those of the moving average under {@link #averageKey}; not written if
 *     there are none
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
        @JsonProperty("step") Integer step,
        @JsonProperty("grad_norm") Double gradNorm,
        @JsonProperty("metrics") Map<String, Double> metrics)
        implements ValidationMetrics {

    private record EpochScore(double valLoss, double valTop1, Map<String, Double> metrics)
            implements ValidationMetrics {}

    private static final String VAL = "val_";
    private static final List<String> KEYS = List.of(
            "epoch",
            "lr",
            "train_loss",
            "train_top1",
            "val_loss",
            "val_top1",
            "val_ema_loss",
            "val_ema_top1",
            "images_per_second",
            "seconds",
            "step",
            "grad_norm");

    public EpochMetrics {
        metrics = metrics == null ? Map.of() : Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
    }

    /** Metrics of an epoch without steps, gradient norm and further metrics. */
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
                null,
                null,
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
                line.getOrDefault("seconds", 0.0),
                line.containsKey("step") ? line.get("step").intValue() : null,
                line.get("grad_norm"),
                further(line));
    }

    private static Map<String, Double> further(Map<String, Double> line) {
        Map<String, Double> further = new LinkedHashMap<>(line);
        further.keySet().removeAll(KEYS);
        return further;
    }

    /** Key of a metric of the moving average: {@code val_map -> val_ema_map}. */
    public static String averageKey(String key) {
        return key.startsWith(VAL) ? VAL + "ema_" + key.substring(VAL.length()) : "ema_" + key;
    }

    /** Validation metrics of the moving average of the weights; empty if there is none. */
    public Optional<ValidationMetrics> ema() {
        if (valEmaLoss == null) return Optional.empty();
        Map<String, Double> averaged = new LinkedHashMap<>();
        metrics.keySet().stream()
                .filter(key -> metrics.containsKey(averageKey(key)))
                .forEach(key -> averaged.put(key, metrics.get(averageKey(key))));
        return Optional.of(new EpochScore(valEmaLoss, valEmaTop1, averaged));
    }

    /** Returns true if the moving average is better than the weights. */
    public boolean averageIsBetter(BestMetric metric) {
        return ema().map(average -> metric.isBetter(average, this)).orElse(false);
    }

    /** Validation metrics of the better of weights and average, the one that {@code model.keras} holds. */
    public ValidationMetrics best(BestMetric metric) {
        return averageIsBetter(metric) ? ema().orElseThrow() : this;
    }
}
