package org.vit4j.notebook;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.ToDoubleFunction;
import org.vit4j.metrics.BestMetric;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.report.Chart;
import org.vit4j.report.Chart.ChartPoint;
import org.vit4j.report.Chart.ChartSeries;
import org.vit4j.report.Html;
import org.vit4j.report.TextFormat;
import org.vit4j.train.Callback;
import org.vit4j.train.TrainState;

/**
 * Training progress in the output of a cell: a bar, numbers and curves, replaced by one line at the end. If outputs
 * cannot be updated, it prints about ten lines.
 */
final class NotebookProgress implements Callback {
    /** Minimum time between updates; drawing at each batch would slow down training. */
    private static final long UPDATE_INTERVAL = TimeUnit.MILLISECONDS.toNanos(500);

    /** Approximate number of lines if outputs cannot be updated. */
    private static final int MAX_LINES = 10;

    private static final String STYLE = "font:13px/1.5 system-ui,sans-serif";

    private final String name;
    private final int runs;
    private final Display display;
    private final LongSupplier nanos;
    private final List<EpochMetrics> finished = new ArrayList<>();
    private Optional<String> outputId = Optional.empty();
    private int run;
    private int epochs;
    private long lastUpdate;

    /**
     * Creates the progress of one or more consecutive runs.
     *
     * @param nanos clock in nanoseconds
     */
    NotebookProgress(String name, int runs, Display display, LongSupplier nanos) {
        this.name = name;
        this.runs = runs;
        this.display = display;
        this.nanos = nanos;
    }

    @Override
    public void start(int all) {
        epochs = all;
        run++;
        finished.clear();
        if (outputId.isEmpty())
            outputId = display.showUpdatable(html("<b>" + Html.escape(name) + "</b> starts", name + " starts"));
        lastUpdate = nanos.getAsLong();
    }

    private String title() {
        return runs == 1 ? name : name + ", run " + run + " of " + runs;
    }

    @Override
    public void batch(TrainState state, int batches, double imagesPerSecond) {
        long now = nanos.getAsLong();
        if (outputId.isEmpty() || now - lastUpdate < UPDATE_INTERVAL) return;
        lastUpdate = now;
        double done = (state.epoch() + (double) state.batches() / batches) / epochs;
        double left = state.seconds() / state.batches() * batches * epochs * (1 - done);
        String numbers = String.format(
                Locale.ROOT,
                "epoch %d of %d \u00b7 loss %.3f \u00b7 top-1 %.1f%% \u00b7 %.0f images/s \u00b7 %s left",
                state.epoch() + 1,
                epochs,
                state.lossSum() / state.images(),
                100.0 * state.correct() / state.images(),
                imagesPerSecond,
                TextFormat.time(left));
        String bar = String.format(
                Locale.ROOT,
                "<progress style=\"width:220px;vertical-align:middle\" max=\"1\" value=\"%.4f\"></progress>",
                done);
        update(html("<b>" + Html.escape(title()) + "</b> " + bar + " " + numbers + curves(), numbers));
    }

    private String curves() {
        if (finished.size() < 2) return "";
        List<Chart> charts = List.of(
                Chart.of(
                        "Loss",
                        "epoch",
                        List.of(
                                series("training", EpochMetrics::trainLoss),
                                series("validation", EpochMetrics::valLoss))),
                Chart.of(
                                "Top-1 accuracy",
                                "epoch",
                                List.of(
                                        series("training", EpochMetrics::trainTop1),
                                        series("validation", EpochMetrics::valTop1)))
                        .percentages());
        return "<br/>" + Figure.charts(charts, "curves so far").html();
    }

    private ChartSeries series(String line, ToDoubleFunction<EpochMetrics> value) {
        List<ChartPoint> points = finished.stream()
                .map(epoch -> new ChartPoint(epoch.epoch(), value.applyAsDouble(epoch)))
                .toList();
        return new ChartSeries(line, points);
    }

    @Override
    public void epoch(EpochMetrics m, int all) {
        finished.add(m);
        if (outputId.isPresent()) return;
        int every = Math.max(1, (all + MAX_LINES - 1) / MAX_LINES);
        if (m.epoch() % every == 0 || m.epoch() == all) {
            display.print(String.format(
                    Locale.ROOT,
                    "%s, epoch %d of %d: loss %.4f, validation top-1 %.2f%%, %.0f images/s",
                    title(),
                    m.epoch(),
                    all,
                    m.trainLoss(),
                    100 * m.best(BestMetric.ACCURACY).valTop1(),
                    m.imagesPerSecond()));
        }
    }

    /** Replaces the progress by a final line. */
    void end(String result) {
        if (outputId.isPresent()) update(html(Html.escape(result), result));
        else display.print(result);
    }

    private void update(Figure figure) {
        outputId.ifPresent(id -> display.update(id, figure));
    }

    private static Figure html(String inner, String text) {
        return Figure.html("<div style=\"" + STYLE + "\">" + inner + "</div>", text);
    }
}
