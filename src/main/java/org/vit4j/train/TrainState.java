package org.vit4j.train;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Where a run stands, but for the arrays. Everything random follows from seed, epoch and step, so this is all.
 *
 * @param epoch the epoch being trained, from 0
 * @param batches batches of it that are done, whole optimizer steps where a checkpoint is written
 * @param step optimizer steps since the start
 * @param lossSum of the epoch so far, over its images
 * @param correct images of the epoch so far whose label was hit
 * @param seen images of the epoch so far
 * @param seconds spent on the epoch so far
 * @param history finished epochs
 */
public record TrainState(
        @JsonProperty("epoch") int epoch,
        @JsonProperty("batches") int batches,
        @JsonProperty("step") int step,
        @JsonProperty("loss_sum") double lossSum,
        @JsonProperty("correct") long correct,
        @JsonProperty("seen") long seen,
        @JsonProperty("seconds") double seconds,
        @JsonProperty("history") List<EpochMetrics> history) {

    static final TrainState START = new TrainState(0, 0, 0, 0, 0, 0, 0, List.of());

    public TrainState {
        history = List.copyOf(history);
    }

    /** One batch further within an optimizer step. */
    TrainState afterBatch(double loss, long hits, long images, double time) {
        return new TrainState(
                epoch,
                batches + 1,
                step,
                lossSum + loss * images,
                correct + hits,
                seen + images,
                seconds + time,
                history);
    }

    TrainState afterStep() {
        return new TrainState(epoch, batches, step + 1, lossSum, correct, seen, seconds, history);
    }

    TrainState afterEpoch(EpochMetrics metrics) {
        List<EpochMetrics> longer = new ArrayList<>(history);
        longer.add(metrics);
        return new TrainState(epoch + 1, 0, step, 0, 0, 0, 0, longer);
    }

    /** The best epoch so far on the validation set; the earlier one when two are alike. */
    public Optional<EpochMetrics> best() {
        return history.stream().reduce((a, b) -> b.betterThan(a) ? b : a);
    }

    /** Whether nothing is left to train. */
    boolean isOver(TrainConfig train) {
        return train.isOver(history.size(), bestEpoch());
    }

    /** The number of the best epoch, from 1; 0 before there is one. */
    int bestEpoch() {
        return best().map(EpochMetrics::epoch).orElse(0);
    }
}
