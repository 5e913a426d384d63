package org.vit4j.optim;

import java.util.List;
import org.vit4j.metrics.ValidationMetrics;

/** Learning rate as a function of the epoch. {@link Schedules} lists the built-in ones. */
@FunctionalInterface
public interface Schedule {
    /**
     * Computes the learning rate of a step.
     *
     * @param epoch epochs since the start, fractions included: step / steps per epoch
     * @param lr peak learning rate, that of the optimizer
     * @param history metrics of the epochs finished before the step
     */
    double at(double epoch, double lr, List<? extends ValidationMetrics> history);

    /** The lowest learning rate after the warm-up. */
    default double minLr() {
        return 0;
    }

    /**
     * The learning rate that a warm-up of this schedule ends with, if the schedule counts epochs from the start of the run.
     *
     * @param epochs length of the warm-up
     * @param lr peak learning rate
     */
    default double warmedUp(double epochs, double lr) {
        return lr;
    }

    /** Length of the warm-up in epochs. */
    default double warmupEpochs() {
        return 0;
    }

    /** Returns a copy whose warm-up lasts at most {@code epochs}. */
    default Schedule withWarmupAtMost(int epochs) {
        return this;
    }

    /** Returns this schedule after a linear warm-up from 1e-6; the warm-up is part of the epochs of this schedule. */
    default Schedule warmup(double epochs) {
        return new Warmup(this, epochs, 1e-6, false);
    }
}
