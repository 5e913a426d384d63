package org.vit4j.train;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.vit4j.metrics.BestEpoch;
import org.vit4j.metrics.BestMetric;
import org.vit4j.metrics.EpochMetrics;

/**
 * Progress of a run, without the arrays. All randomness is derived from seed, epoch and step, so no generator state is
 * needed.
 *
 * @param epoch current epoch, from 0
 * @param batches number of finished batches of the epoch; a multiple of {@code train.accumulate} in checkpoints
 * @param step optimizer steps since the start
 * @param lossSum sum of the losses of the images of the epoch so far
 * @param correct number of correctly classified images of the epoch so far
 * @param images number of images of the epoch so far
 * @param seconds spent on the epoch so far
 * @param norms sum of the gradient norms of the optimizer steps of the epoch so far
 * @param normSteps number of summands of {@code norms}
 * @param history metrics of the finished epochs
 */
public record TrainState(
        @JsonProperty("epoch") int epoch,
        @JsonProperty("batches") int batches,
        @JsonProperty("step") int step,
        @JsonProperty("loss_sum") double lossSum,
        @JsonProperty("correct") long correct,
        @JsonProperty("seen") long images,
        @JsonProperty("seconds") double seconds,
        @JsonProperty("grad_norm_sum") double norms,
        @JsonProperty("grad_norm_steps") int normSteps,
        @JsonProperty("history") List<EpochMetrics> history) {

    static final TrainState START = new TrainState(0, 0, 0, 0, 0, 0, 0, 0, 0, List.of());

    public TrainState {
        history = List.copyOf(history);
    }

    /** State without gradient norms. */
    public TrainState(
            int epoch,
            int batches,
            int step,
            double lossSum,
            long correct,
            long images,
            double seconds,
            List<EpochMetrics> history) {
        this(epoch, batches, step, lossSum, correct, images, seconds, 0, 0, history);
    }

    /** Returns the state after one more batch. */
    TrainState afterBatch(double loss, long batchCorrect, long batchImages, double time) {
        return new TrainState(
                epoch,
                batches + 1,
                step,
                lossSum + loss * batchImages,
                correct + batchCorrect,
                images + batchImages,
                seconds + time,
                norms,
                normSteps,
                history);
    }

    /** @param norm L2 norm of the gradient before clipping */
    TrainState afterStep(double norm) {
        return new TrainState(
                epoch, batches, step + 1, lossSum, correct, images, seconds, norms + norm, normSteps + 1, history);
    }

    TrainState afterEpoch(EpochMetrics metrics) {
        List<EpochMetrics> extended = new ArrayList<>(history);
        extended.add(metrics);
        return new TrainState(epoch + 1, 0, step, 0, 0, 0, 0, 0, 0, extended);
    }

    /** Mean gradient norm of the epoch so far; null before the first optimizer step. */
    Double meanNorm() {
        return normSteps == 0 ? null : norms / normSteps;
    }

    /** Best epoch so far on the validation set. */
    public Optional<BestEpoch> best(BestMetric metric) {
        return BestEpoch.of(history, metric);
    }
}
