package org.vit4j.train;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.report.EvaluationReport;
import org.vit4j.report.EventFile;
import org.vit4j.report.RunRecord;
import org.vit4j.report.RunReport;

/**
 * What a run writes down for those who watch it: {@code metrics.jsonl}, {@code metrics.csv}, TensorBoard's event file,
 * {@code evaluation.json} and {@code report.html}. A run that was stopped and resumed leaves the same lines and scalars as
 * one that was not.
 */
final class RunLog implements AutoCloseable {
    /** So many pictures fill a page and keep it below a few megabytes. */
    static final int MISTAKES = 24;

    private static final Logger LOG = LoggerFactory.getLogger(RunLog.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final TypeReference<Map<String, Object>> MAP = new TypeReference<>() {};
    /** Short epochs do not each make a page. */
    private static final long REPORT_SECONDS = 10;
    /** Tags of scalars by optimizer step; all others are by epoch. */
    private static final String BY_STEP = "step/";

    private final RunDirectory run;
    private final TrainConfig train;
    private final int every;
    private final EventFile events;
    private long reported = System.nanoTime();

    /**
     * Takes back what an earlier process wrote beyond the checkpoint the run goes on from.
     *
     * @param from where the run stands
     * @param every optimizer steps between two scalars of the loss and the learning rate; 0: none
     */
    RunLog(RunDirectory run, TrainConfig train, TrainState from, int every) {
        this.run = run;
        this.train = train;
        this.every = every;
        this.events = EventFile.open(
                run.path(),
                scalar -> scalar.step()
                        <= (byStep(scalar) ? from.step() : from.history().size()),
                System.currentTimeMillis() / 1000);
        Set<Long> written = EventFile.read(events.file()).stream()
                .filter(scalar -> !byStep(scalar))
                .map(EventFile.EventScalar::step)
                .collect(Collectors.toSet());
        // Killed between the checkpoint and this line, the last epoch would be missing.
        for (EpochMetrics epoch : from.history()) if (!written.contains((long) epoch.epoch())) scalars(epoch);
        metrics(from.history());
    }

    private static boolean byStep(EventFile.EventScalar scalar) {
        return scalar.tag().startsWith(BY_STEP);
    }

    /** An optimizer step that is done, number {@code step} from 1. */
    void step(int step, double loss, double lr) {
        if (every == 0 || step % every != 0) return;
        double now = System.currentTimeMillis() / 1e3;
        events.add(List.of(
                new EventFile.EventScalar(BY_STEP + "loss", step, (float) loss, now),
                new EventFile.EventScalar(BY_STEP + "lr", step, (float) lr, now)));
    }

    /** How the best model so far did on the validation images. */
    void best(EvaluationReport evaluation) {
        evaluation.write(run.path());
    }

    /** The last of {@code history} is done. */
    void epoch(List<EpochMetrics> history) {
        metrics(history);
        scalars(history.get(history.size() - 1));
        if (System.nanoTime() - reported < TimeUnit.SECONDS.toNanos(REPORT_SECONDS)) return;
        report("training: " + history.size() + " of " + train.epochs() + " epochs done");
    }

    /** All finished epochs anew, so that a crash between a line and its checkpoint leaves no line twice. */
    private void metrics(List<EpochMetrics> history) {
        List<Map<String, Object>> rows =
                history.stream().map(epoch -> JSON.convertValue(epoch, MAP)).toList();
        StringBuilder lines = new StringBuilder();
        try {
            for (EpochMetrics epoch : history)
                lines.append(JSON.writeValueAsString(epoch)).append('\n');
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        run.write("metrics.jsonl", lines.toString());
        run.write("metrics.csv", csv(rows));
    }

    /** Numbers only: nothing needs quotes. What an epoch does not have stays empty. */
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

    private void scalars(EpochMetrics epoch) {
        double now = System.currentTimeMillis() / 1e3;
        List<EventFile.EventScalar> scalars = new ArrayList<>();
        JSON.convertValue(epoch, MAP).forEach((key, value) -> {
            if (key.equals("epoch") || !(value instanceof Number number)) return;
            scalars.add(new EventFile.EventScalar(tag(key), epoch.epoch(), number.floatValue(), now));
        });
        events.add(scalars);
    }

    /** TensorBoard puts what stands before a slash into one group: {@code val_loss -> val/loss}. */
    private static String tag(String key) {
        int group = key.startsWith("train_") || key.startsWith("val_") ? key.lastIndexOf('_') : -1;
        return group < 0 ? "epoch/" + key : key.substring(0, group) + "/" + key.substring(group + 1);
    }

    /** Writes the page anew. A page that cannot be made is no reason to lose a run. */
    void report(String status) {
        try {
            run.write(
                    "report.html",
                    RunReport.html(RunRecord.read(run.path()), EvaluationReport.read(run.path()), status));
            reported = System.nanoTime();
        } catch (RuntimeException e) {
            LOG.warn("report.html could not be written: {}", e.getMessage());
        }
    }

    @Override
    public void close() {
        events.close();
    }
}
