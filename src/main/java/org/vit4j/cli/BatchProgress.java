package org.vit4j.cli;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.vit4j.report.TextFormat;

/**
 * Progress of a pass over images on standard error: a bar on a terminal, or a line every 30 seconds elsewhere, and a line at
 * the end. A pass of one batch prints nothing.
 */
final class BatchProgress implements AutoCloseable {
    /** Time between two lines. */
    private static final long LINE_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final PrintWriter err;
    private final boolean bars;
    private final LongSupplier nanos;
    private final String task;
    private final long total;
    private final long start;

    private ProgressBar bar;
    private long lastLine;
    private long images;
    private int batches;

    /**
     * Begins a pass.
     *
     * @param task name of the pass, such as a model file
     * @param total number of images
     * @param bars false if results are printed to the same terminal
     */
    BatchProgress(PrintWriter err, String task, long total, boolean bars) {
        // Set by the launcher: Java cannot find out whether standard error is a terminal.
        this(err, task, total, bars && Boolean.getBoolean("vit4j.terminal"), System::nanoTime);
    }

    BatchProgress(PrintWriter err, String task, long total, boolean bars, LongSupplier nanos) {
        this.err = err;
        this.task = task;
        this.total = total;
        this.bars = bars;
        this.nanos = nanos;
        this.start = nanos.getAsLong();
        this.lastLine = start;
    }

    /** Reports a finished batch of {@code count} images. */
    synchronized void add(int count) {
        images += count;
        batches++;
        if (bars) bar();
        else if (nanos.getAsLong() - lastLine >= LINE_NANOS) line();
    }

    private void bar() {
        if (bar == null) {
            bar = new ProgressBarBuilder()
                    .setTaskName(task)
                    .setInitialMax(total)
                    .setStyle(ProgressBarStyle.ASCII)
                    .continuousUpdate()
                    .clearDisplayOnFinish()
                    .build();
        }
        bar.setExtraMessage(String.format(Locale.ROOT, "%.0f images/s", imagesPerSecond()));
        bar.stepTo(images);
    }

    private void line() {
        double left = (total - images) / imagesPerSecond();
        err.printf(
                Locale.ROOT,
                "%s  image %d/%d  |  %.0f images/s  %s left%n",
                task,
                images,
                total,
                imagesPerSecond(),
                TextFormat.time(Math.max(0, left)));
        err.flush();
        lastLine = nanos.getAsLong();
    }

    private double seconds() {
        return Math.max(1e-9, (nanos.getAsLong() - start) / 1e9);
    }

    private double imagesPerSecond() {
        return images / seconds();
    }

    /** Ends the pass; after several batches, prints the number of images and the rate. */
    @Override
    public synchronized void close() {
        if (bar != null) bar.close();
        bar = null;
        if (batches < 2) return;
        err.printf(
                Locale.ROOT,
                "%s  %d images  |  %.0f images/s  %s%n",
                task,
                images,
                imagesPerSecond(),
                TextFormat.time(seconds()));
        err.flush();
    }
}
