package org.vit4j.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.vit4j.config.ConfigError;
import org.vit4j.metrics.BestEpoch;
import org.vit4j.metrics.BestMetric;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.metrics.MetricsFile;
import org.vit4j.metrics.ScoreMetric;
import org.vit4j.metrics.ValidationMetrics;
import org.vit4j.report.RunRecord;
import org.vit4j.report.SweepPage;
import org.vit4j.report.TextFormat;

/**
 * Result of a run.
 *
 * @param run name of its directory
 * @param epochs number of finished epochs
 * @param measure that selects the best epoch
 * @param metrics of the best epoch; empty before the first
 * @param imagesPerSecond of training, median of the epochs; empty before the first
 * @param problem reason of a failure, empty otherwise
 */
public record SweepResult(
        String run,
        Map<String, String> values,
        SweepSummary.SweepState state,
        int epochs,
        BestMetric measure,
        Optional<BestEpoch> best,
        Optional<ValidationMetrics> metrics,
        double seconds,
        OptionalDouble imagesPerSecond,
        String problem) {

    /** Reads the result from {@code metrics.jsonl} of the run. */
    static SweepResult read(SweepPlan.SweepEntry entry, Path directory, SweepSummary.SweepState state, String problem) {
        List<EpochMetrics> epochs = metrics(directory);
        BestMetric measure = entry.config().train().best();
        double seconds = epochs.stream().mapToDouble(EpochMetrics::seconds).sum();
        OptionalDouble rate = RunRecord.median(epochs.stream().mapToDouble(EpochMetrics::imagesPerSecond));
        return new SweepResult(
                entry.name(),
                entry.values(),
                state,
                epochs.size(),
                measure,
                BestEpoch.of(epochs, measure),
                BestEpoch.metrics(epochs, measure),
                seconds,
                rate,
                problem);
    }

    static List<EpochMetrics> metrics(Path directory) {
        try {
            return MetricsFile.read(directory).epochs();
        } catch (ConfigError e) {
            return List.of(); // damaged; the run rewrites it
        }
    }

    boolean finished(RunConfig config, Path directory) {
        return state == SweepSummary.SweepState.FINISHED && config.train().isFinished(metrics(directory));
    }

    /**
     * Row of the page.
     *
     * @param report path of its report, relative to the page
     * @param withMeasure true for a column with the value of the measure
     */
    SweepPage.SweepRow forPage(Optional<String> report, boolean withMeasure) {
        List<String> results = new ArrayList<>(List.of(top1Text(), lossText()));
        if (withMeasure) results.add(measureText());
        results.add(
                imagesPerSecond.isPresent() ? String.format(Locale.ROOT, "%.0f", imagesPerSecond.getAsDouble()) : "-");
        results.add(epochs == 0 ? "-" : TextFormat.time(seconds));
        return new SweepPage.SweepRow(
                results,
                List.copyOf(values.values()),
                List.of(bestEpochText(), String.valueOf(epochs), stateText()),
                report,
                best.map(BestEpoch::top1).orElse(0.0));
    }

    String top1Text() {
        return best.map(b -> String.format(Locale.ROOT, "%.2f%%", 100 * b.top1()))
                .orElse("-");
    }

    String lossText() {
        return best.map(b -> String.format(Locale.ROOT, "%.4f", b.loss())).orElse("-");
    }

    /** Value of the measure, if it is not accuracy or loss. */
    String measureText() {
        return metrics.map(best -> String.format(Locale.ROOT, "%.4f", measure.value(best)))
                .orElse("-");
    }

    String bestEpochText() {
        return best.map(b -> String.valueOf(b.epoch())).orElse("-");
    }

    String stateText() {
        return state.label() + (problem.isEmpty() ? "" : ": " + problem);
    }

    Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("run", run);
        map.put("values", values);
        map.put("state", state.label());
        map.put("epochs", epochs);
        map.put("best_epoch", best.map(BestEpoch::epoch).orElse(null));
        map.put("val_top1", best.map(BestEpoch::top1).orElse(null));
        map.put("val_loss", best.map(BestEpoch::loss).orElse(null));
        measure.furtherName()
                .ifPresent(name -> map.put(
                        ScoreMetric.keyOf(name),
                        metrics.map(measure::value).filter(Double::isFinite).orElse(null)));
        map.put("seconds", seconds);
        map.put("problem", problem);
        return map;
    }
}
