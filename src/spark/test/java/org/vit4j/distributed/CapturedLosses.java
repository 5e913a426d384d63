package org.vit4j.distributed;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.train.Callback;
import org.vit4j.train.TrainState;

/** Records losses and image counts of a run, and stops it after a number of steps. */
final class CapturedLosses implements Callback, BooleanSupplier {
    /** Mean loss of the epoch so far, after each batch. */
    final List<Double> losses = new ArrayList<>();

    /** Images of each batch. */
    final List<Long> images = new ArrayList<>();

    /** Images of the epoch so far, after each batch. */
    final List<Long> seen = new ArrayList<>();

    private final int most;
    private final IntConsumer afterStep;
    private int steps;

    CapturedLosses(int most) {
        this(most, step -> {});
    }

    CapturedLosses(int most, IntConsumer afterStep) {
        this.most = most;
        this.afterStep = afterStep;
    }

    @Override
    public void batch(TrainState state, int batches, double imagesPerSecond) {
        long before = state.batches() == 1 ? 0 : seen.get(seen.size() - 1);
        seen.add(state.images());
        images.add(state.images() - before);
        losses.add(state.lossSum() / state.images());
        if (state.step() > steps) afterStep.accept(state.step());
        steps = state.step();
    }

    @Override
    public void epoch(EpochMetrics metrics, int epochs) {}

    @Override
    public boolean getAsBoolean() {
        return steps >= most;
    }
}
