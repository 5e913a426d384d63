package org.vit4j.cli;

import java.io.PrintWriter;
import java.util.Locale;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.vit4j.train.EpochMetrics;
import org.vit4j.train.TrainState;
import org.vit4j.train.Trainer;
import org.vit4j.train.schedule.Validated;

/** A bar for each epoch on a terminal, and a line for each finished one; only the lines where nobody looks. */
final class TrainProgress implements Trainer.Progress, AutoCloseable {
    private final PrintWriter err;
    /** Said by the launcher, which can ask about standard error; Java cannot. */
    private final boolean terminal = Boolean.getBoolean("vit4j.terminal");

    private ProgressBar bar;

    TrainProgress(PrintWriter err) {
        this.err = err;
    }

    @Override
    public void batch(TrainState state, int batches, double imagesPerSecond) {
        if (!terminal) return;
        if (bar == null) bar = start(state.epoch() + 1, batches);
        bar.setExtraMessage(String.format(
                Locale.ROOT,
                "loss %.4f top-1 %.1f%% %.0f images/s",
                state.lossSum() / state.seen(),
                100.0 * state.correct() / state.seen(),
                imagesPerSecond));
        bar.stepTo(state.batches());
    }

    private static ProgressBar start(int epoch, int batches) {
        return new ProgressBarBuilder()
                .setTaskName("epoch " + epoch)
                .setInitialMax(batches)
                .setStyle(ProgressBarStyle.ASCII)
                .continuousUpdate()
                .clearDisplayOnFinish()
                .build();
    }

    @Override
    public void epoch(EpochMetrics m, int epochs) {
        close();
        err.printf(
                Locale.ROOT,
                "epoch %d/%d  loss %.4f  top-1 %.2f%%  |  validation loss %.4f  top-1 %.2f%%%s  |  %.0f images/s  %s left%n",
                m.epoch(),
                epochs,
                m.trainLoss(),
                100 * m.trainTop1(),
                m.valLoss(),
                100 * m.valTop1(),
                m.ema().map(TrainProgress::average).orElse(""),
                m.imagesPerSecond(),
                time(m.seconds() * (epochs - m.epoch())));
        err.flush();
    }

    private static String time(double seconds) {
        long s = Math.round(seconds);
        return s < 3600
                ? String.format("%d:%02d", s / 60, s % 60)
                : String.format("%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
    }

    private static String average(Validated ema) {
        return String.format(Locale.ROOT, ", averaged %.4f, %.2f%%", ema.valLoss(), 100 * ema.valTop1());
    }

    @Override
    public void close() {
        if (bar != null) bar.close();
        bar = null;
    }
}
