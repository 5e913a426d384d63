package org.vit4j.cli;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.vit4j.data.LoadTimes;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.metrics.ValidationMetrics;
import org.vit4j.report.TextFormat;
import org.vit4j.train.Callback;
import org.vit4j.train.TrainState;

/**
 * Training progress on standard error: one line per finished epoch, and within an epoch a progress bar on a terminal,
 * or a line every 30 seconds elsewhere.
 */
final class TrainProgress implements Callback, AutoCloseable {
    /** Time between two lines within an epoch. */
    private static final long LINE_NANOS = TimeUnit.SECONDS.toNanos(30);

    /** Smallest share of the time waiting for data that is reported. */
    private static final double DATA_BOUND = 0.05;

    private final PrintWriter err;
    private final boolean terminal;
    private final LongSupplier nanos;

    private int epochs;
    private ProgressBar bar;
    private long lastLine;
    private LoadTimes loaded = LoadTimes.NONE; // in this epoch
    private LoadTimes loadedAtLine = LoadTimes.NONE;
    private boolean ending;

    TrainProgress(PrintWriter err) {
        // Set by the launcher: Java cannot find out whether standard error is a terminal.
        this(err, Boolean.getBoolean("vit4j.terminal"), System::nanoTime);
    }

    TrainProgress(PrintWriter err, boolean terminal, LongSupplier nanos) {
        this.err = err;
        this.terminal = terminal;
        this.nanos = nanos;
        this.lastLine = nanos.getAsLong();
    }

    @Override
    public synchronized void start(int all) {
        epochs = all;
    }

    @Override
    public synchronized void loaded(LoadTimes times) {
        if (times.images() < loadedAtLine.images()) loadedAtLine = LoadTimes.NONE; // a new epoch
        loaded = times;
    }

    @Override
    public synchronized void batch(TrainState state, int batches, double imagesPerSecond) {
        if (ending) return;
        if (terminal) bar(state, batches, imagesPerSecond);
        else if (nanos.getAsLong() - lastLine >= LINE_NANOS) line(state, batches);
    }

    private void bar(TrainState state, int batches, double imagesPerSecond) {
        if (bar == null) bar = start(state, batches);
        bar.setExtraMessage(String.format(
                Locale.ROOT,
                "loss %.4f top-1 %.1f%% %.0f images/s %s left",
                state.lossSum() / state.images(),
                100.0 * state.correct() / state.images(),
                imagesPerSecond,
                TextFormat.time(secondsLeft(state, batches))));
        bar.stepTo(state.batches());
    }

    private ProgressBar start(TrainState state, int batches) {
        return new ProgressBarBuilder()
                .setTaskName("epoch " + (state.epoch() + 1) + "/" + epochs)
                .setInitialMax(batches)
                .setStyle(ProgressBarStyle.ASCII)
                .hideEta() // it is for the epoch; the message shows the time left for the run
                .continuousUpdate()
                .clearDisplayOnFinish()
                .build();
    }

    private void line(TrainState state, int batches) {
        err.printf(
                Locale.ROOT,
                "epoch %d/%d  batch %d/%d  loss %.4f  top-1 %.2f%%  |  %.0f images/s%s  %s left%n",
                state.epoch() + 1,
                epochs,
                state.batches(),
                batches,
                state.lossSum() / state.images(),
                100.0 * state.correct() / state.images(),
                state.images() / state.seconds(),
                dataBound(loaded.since(loadedAtLine), (nanos.getAsLong() - lastLine) / 1e9),
                TextFormat.time(secondsLeft(state, batches)));
        err.flush();
        lastLine = nanos.getAsLong();
        loadedAtLine = loaded;
    }

    /** Share of the time that the network waited for data, and where the threads spent it; empty if it is small. */
    private static String dataBound(LoadTimes times, double seconds) {
        double share = seconds > 0 ? times.waiting() / seconds : 0;
        if (share < DATA_BOUND) return "";
        return String.format(
                Locale.ROOT,
                "  data-bound: %.0f%% of the step (per image: decode %.1f ms, transforms %.1f ms)",
                100 * Math.min(1, share),
                times.decodeMillis(),
                times.transformMillis());
    }

    /**
     * Seconds to the end of the run: this epoch at its pace so far, later epochs with the time of the last finished
     * one.
     */
    private double secondsLeft(TrainState state, int batches) {
        double pace = state.seconds() / state.batches();
        int finished = state.history().size();
        double epochSeconds = finished == 0
                ? pace * batches
                : state.history().get(finished - 1).seconds();
        return pace * (batches - state.batches()) + epochSeconds * (epochs - state.epoch() - 1);
    }

    @Override
    public synchronized void epoch(EpochMetrics m, int all) {
        close();
        err.printf(
                Locale.ROOT,
                "epoch %d/%d  loss %.4f  top-1 %.2f%%  |  validation loss %.4f  top-1 %.2f%%%s%s  |  %.0f images/s%s"
                        + "  %s left%n",
                m.epoch(),
                all,
                m.trainLoss(),
                100 * m.trainTop1(),
                m.valLoss(),
                100 * m.valTop1(),
                further(m),
                m.ema().map(TrainProgress::averagedWeights).orElse(""),
                m.imagesPerSecond(),
                dataBound(loaded, m.seconds()),
                TextFormat.time(m.seconds() * (all - m.epoch())));
        err.flush();
        lastLine = nanos.getAsLong();
    }

    /** Metrics of the weights other than loss and accuracy. */
    private static String further(EpochMetrics m) {
        return m.metrics().entrySet().stream()
                .filter(entry ->
                        entry.getKey().startsWith("val_") && !entry.getKey().startsWith("val_ema_"))
                .map(entry -> String.format(
                        Locale.ROOT, "  %s %.4f", entry.getKey().substring("val_".length()), entry.getValue()))
                .collect(Collectors.joining());
    }

    private static String averagedWeights(ValidationMetrics ema) {
        return String.format(Locale.ROOT, ", averaged %.4f, %.2f%%", ema.valLoss(), 100 * ema.valTop1());
    }

    /** Prints a line about the end of the run and draws no bar afterwards. */
    synchronized void message(String line) {
        close();
        ending = true;
        err.println(line);
        err.flush();
    }

    @Override
    public synchronized void close() {
        if (bar != null) bar.close();
        bar = null;
    }
}
