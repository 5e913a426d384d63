package org.vit4j.train;

import java.util.List;
import org.vit4j.data.LoadTimes;
import org.vit4j.metrics.EpochMetrics;

/** Follows a training run, and can end it. All methods are called by the training thread and do nothing by default. */
public interface Callback {
    /** Called when training starts or resumes; {@code epochs} is the total number of epochs. */
    default void start(int epochs) {}

    /**
     * Called before {@link #batch}.
     *
     * @param times time to load the batches of this epoch so far, on this machine
     */
    default void loaded(LoadTimes times) {}

    /** Called after every batch; several batches may make one optimizer step. */
    default void batch(TrainState state, int batches, double imagesPerSecond) {}

    /**
     * Called after every optimizer step.
     *
     * @param step number of the step, from 1
     * @param loss mean of the losses of its batches
     */
    default void step(int step, double loss, double lr) {}

    /** Called after the validation of an epoch, before its checkpoint. */
    default void validated(ValidatedEpoch epoch) {}

    /** Called after every epoch and its checkpoint. */
    default void epoch(EpochMetrics metrics, int epochs) {}

    /**
     * Returns true to end the run before its last epoch. Should depend only on the finished epochs, so that a resumed
     * run ends at the same epoch.
     *
     * @param history at least one epoch
     */
    default boolean stopsAfter(List<EpochMetrics> history) {
        return false;
    }
}
