package com.example.user;

import java.util.ArrayList;
import java.util.List;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.train.Callback;

/** A user's callback: keeps the losses, and ends a run that has reached an accuracy. */
final class LossCurve implements Callback {
    final List<Double> losses = new ArrayList<>();
    final List<Integer> epochs = new ArrayList<>();
    private final double enough;

    LossCurve(double enough) {
        this.enough = enough;
    }

    @Override
    public void step(int step, double loss, double lr) {
        losses.add(loss);
    }

    @Override
    public void epoch(EpochMetrics metrics, int total) {
        epochs.add(metrics.epoch());
    }

    @Override
    public boolean stopsAfter(List<EpochMetrics> history) {
        return history.get(history.size() - 1).valTop1() >= enough;
    }
}
