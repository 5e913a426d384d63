package org.vit4j.train;

import com.fasterxml.jackson.annotation.JsonProperty;

/** One line of {@code metrics.jsonl}. Accuracies are fractions, 0 to 1; the learning rate is that of the last step. */
public record EpochMetrics(
        @JsonProperty("epoch") int epoch,
        @JsonProperty("lr") double lr,
        @JsonProperty("train_loss") double trainLoss,
        @JsonProperty("train_top1") double trainTop1,
        @JsonProperty("val_loss") double valLoss,
        @JsonProperty("val_top1") double valTop1,
        @JsonProperty("images_per_second") double imagesPerSecond,
        @JsonProperty("seconds") double seconds) {

    /** Better on the validation set: first by accuracy, then by loss. */
    boolean betterThan(EpochMetrics other) {
        return valTop1 != other.valTop1 ? valTop1 > other.valTop1 : valLoss < other.valLoss;
    }
}
