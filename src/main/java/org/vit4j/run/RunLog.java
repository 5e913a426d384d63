package org.vit4j.run;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.metrics.MetricsFile;
import org.vit4j.metrics.ScalarTags;
import org.vit4j.report.EvaluationReport;
import org.vit4j.report.EventFile;
import org.vit4j.report.RunRecord;
import org.vit4j.report.RunReport;
import org.vit4j.train.TrainConfig;
import org.vit4j.train.TrainState;

/**
 * Log files of a run: {@code metrics.jsonl}, {@code metrics.csv}, TensorBoard event file, {@code evaluation.json} and
 * {@code report.html}. A run that was stopped and resumed writes the same lines and scalars as an uninterrupted one.
 */
final class RunLog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RunLog.class);
    /** Minimum time between two reports, so that short epochs do not each write one. */
    private static final long REPORT_SECONDS = 10;

    private final RunDirectory run;
    private final TrainConfig train;
    private final int logSteps;
    private final EventFile events;
    private final List<EpochMetrics> history;
    private long lastReport = System.nanoTime();

    /**
     * Opens the log and removes entries that an earlier process wrote after the checkpoint to continue from.
     *
     * @param from state of the checkpoint
     * @param logSteps optimizer steps between two scalars of loss and learning rate; 0 disables them
     */
    RunLog(RunDirectory run, TrainConfig train, TrainState from, int logSteps) {
        this.run = run;
        this.train = train;
        this.logSteps = logSteps;
        this.history = new ArrayList<>(from.history());
        this.events = EventFile.open(
                run.path(),
                scalar -> scalar.step()
                        <= (isPerStep(scalar) ? from.step() : from.history().size()),
                System.currentTimeMillis() / 1000);
        Set<Long> written = EventFile.read(events.file()).stream()
                .filter(scalar -> !isPerStep(scalar))
                .map(EventFile.EventScalar::step)
                .collect(Collectors.toSet());
        // If the process was killed between checkpoint and event file, the last epoch is missing there.
        for (EpochMetrics epoch : from.history()) if (!written.contains((long) epoch.epoch())) addScalars(epoch);
        writeMetrics();
    }

    private static boolean isPerStep(EventFile.EventScalar scalar) {
        return scalar.tag().startsWith(ScalarTags.STEP);
    }

    /** Logs optimizer step number {@code step}, from 1. */
    void step(int step, double loss, double lr) {
        if (logSteps == 0 || step % logSteps != 0) return;
        double now = System.currentTimeMillis() / 1e3;
        events.add(List.of(
                new EventFile.EventScalar(ScalarTags.STEP + "loss", step, (float) loss, now),
                new EventFile.EventScalar(ScalarTags.STEP + "lr", step, (float) lr, now)));
    }

    /** Writes the evaluation of the best model so far. */
    void best(EvaluationReport evaluation) {
        evaluation.write(run.path());
    }

    /** Logs an epoch. */
    void epoch(EpochMetrics metrics) {
        history.add(metrics);
        writeMetrics();
        addScalars(metrics);
        if (System.nanoTime() - lastReport < TimeUnit.SECONDS.toNanos(REPORT_SECONDS)) return;
        report("training: " + history.size() + " of " + train.epochs() + " epochs done");
    }

    /**
     * Rewrites the lines of all finished epochs, so that a crash between line and checkpoint leaves no duplicate line.
     */
    private void writeMetrics() {
        run.write("metrics.jsonl", MetricsFile.format(history));
        run.write("metrics.csv", csv(history.stream().map(MetricsFile::values).toList()));
    }

    /** Formats rows of numbers, which need no quotes; missing values stay empty. */
    static String csv(List<Map<String, Object>> rows) {
        Set<String> keys = new LinkedHashSet<>();
        rows.forEach(row -> keys.addAll(row.keySet()));
        List<String> lines = new ArrayList<>();
        if (!keys.isEmpty()) lines.add(String.join(",", keys));
        for (Map<String, Object> row : rows) {
            lines.add(keys.stream()
                    .map(key -> row.get(key) == null ? "" : row.get(key).toString())
                    .collect(Collectors.joining(",")));
        }
        return lines.stream().map(line -> line + "\n").collect(Collectors.joining());
    }

    private void addScalars(EpochMetrics epoch) {
        double now = System.currentTimeMillis() / 1e3;
        List<EventFile.EventScalar> scalars = new ArrayList<>();
        ScalarTags.of(epoch)
                .forEach((tag, value) ->
                        scalars.add(new EventFile.EventScalar(tag, epoch.epoch(), value.floatValue(), now)));
        events.add(scalars);
    }

    /** Writes the report. A failure is logged and does not end the run. */
    void report(String status) {
        try {
            run.write(
                    "report.html",
                    RunReport.html(RunRecord.read(run.path()), EvaluationReport.read(run.path()), status));
            lastReport = System.nanoTime();
        } catch (RuntimeException e) {
            LOG.warn("report.html could not be written: {}", e.getMessage());
        }
    }

    @Override
    public void close() {
        events.close();
    }
}
