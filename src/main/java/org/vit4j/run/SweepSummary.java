package org.vit4j.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.io.Csv;
import org.vit4j.metrics.BestMetric;
import org.vit4j.metrics.ScoreMetric;
import org.vit4j.metrics.ValidationMetrics;
import org.vit4j.report.Chart;
import org.vit4j.report.SweepPage;
import org.vit4j.report.TextTable;

/**
 * Results of the runs of a sweep, best first by {@code train.best}, or by accuracy if the runs have different measures.
 *
 * @param axes varied config keys and their values
 */
public record SweepSummary(String config, Path directory, List<SweepAxis> axes, List<SweepResult> rows) {
    private static final Logger LOG = LoggerFactory.getLogger(SweepSummary.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Progress of a run. */
    public enum SweepState {
        WAITING,
        STOPPED,
        FAILED,
        FINISHED;

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public SweepSummary {
        Comparator<ValidationMetrics> bestFirst = measure(rows).bestFirst();
        rows = rows.stream()
                .sorted(Comparator.comparing(
                        (SweepResult row) -> row.metrics().orElse(null), Comparator.nullsLast(bestFirst)))
                .toList();
    }

    private static BestMetric measure(List<SweepResult> rows) {
        return BestMetric.common(rows.stream().map(SweepResult::measure).toList());
    }

    /** Name of the measure of all runs, if it is not accuracy or loss. */
    private Optional<String> furtherMeasure() {
        return measure(rows).furtherName();
    }

    /** Reads the state of the planned runs from the directory. */
    static SweepSummary of(SweepPlan plan) {
        Map<String, JsonNode> previous = new LinkedHashMap<>();
        Path file = plan.directory().resolve("sweep.json");
        if (Files.isRegularFile(file)) {
            try {
                JSON.readTree(file.toFile())
                        .path("runs")
                        .forEach(row -> previous.put(row.path("run").asText(), row));
            } catch (IOException e) {
                previous.clear(); // damaged; the states are derived from the run directories
            }
        }
        List<SweepResult> rows = new ArrayList<>();
        for (SweepPlan.SweepEntry entry : plan.runs()) {
            JsonNode row = previous.remove(entry.name());
            Path directory = Sweep.directory(plan, entry);
            SweepState state =
                    row == null ? SweepState.WAITING : state(row.path("state").asText());
            boolean modelMissing = !Files.exists(directory.resolve("model.keras"));
            if (state == SweepState.FINISHED && modelMissing) state = SweepState.WAITING;
            if (state == SweepState.WAITING && Files.exists(directory.resolve("config.yaml")))
                state = SweepState.STOPPED;
            String problem = row == null ? "" : row.path("problem").asText();
            rows.add(SweepResult.read(entry, directory, state, problem));
        }
        if (!previous.isEmpty())
            LOG.warn(
                    "{}: runs that are not among the values of --sweep now are left out of its table: {}",
                    plan.directory(),
                    String.join(", ", previous.keySet()));
        return new SweepSummary(plan.name(), plan.directory(), plan.axes(), rows);
    }

    private static SweepState state(String label) {
        for (SweepState state : SweepState.values()) if (state.label().equals(label)) return state;
        return SweepState.WAITING;
    }

    SweepResult row(String run) {
        return rows.stream().filter(row -> row.run().equals(run)).findFirst().orElseThrow();
    }

    SweepSummary with(SweepResult changed) {
        List<SweepResult> all = new ArrayList<>(rows);
        all.replaceAll(row -> row.run().equals(changed.run()) ? changed : row);
        return new SweepSummary(config, directory, axes, all);
    }

    void write(RunDirectory sweep) {
        sweep.write("sweep.json", json() + "\n");
        sweep.write("sweep.csv", csv());
        sweep.write("sweep.html", html());
    }

    /** Returns true if some run has not finished and has not failed. */
    public boolean hasUnfinishedRuns() {
        return rows.stream().anyMatch(row -> row.state() == SweepState.WAITING || row.state() == SweepState.STOPPED);
    }

    public boolean hasFailedRuns() {
        return rows.stream().anyMatch(row -> row.state() == SweepState.FAILED);
    }

    public String json() {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("config", config);
        all.put("directory", directory.toString());
        Map<String, Object> varied = new LinkedHashMap<>();
        axes.forEach(axis -> varied.put(axis.path(), axis.values()));
        all.put("axes", varied);
        all.put("runs", rows.stream().map(SweepResult::toMap).toList());
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(all);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Human-readable table. */
    public String text() {
        return TextTable.leftAligned(table());
    }

    String csv() {
        List<String> header = new ArrayList<>(axes.stream().map(SweepAxis::path).toList());
        header.addAll(List.of("val_top1", "val_loss"));
        furtherMeasure().ifPresent(name -> header.add(ScoreMetric.keyOf(name)));
        header.addAll(List.of("best_epoch", "epochs", "state", "seconds", "run", "problem"));
        StringBuilder lines = new StringBuilder(Csv.line(header) + "\n");
        for (SweepResult row : rows) {
            List<String> cells = new ArrayList<>(row.values().values());
            cells.add(row.best().map(b -> String.valueOf(b.top1())).orElse(""));
            cells.add(row.best().map(b -> String.valueOf(b.loss())).orElse(""));
            if (furtherMeasure().isPresent())
                cells.add(row.metrics()
                        .map(best -> String.valueOf(row.measure().value(best)))
                        .orElse(""));
            cells.add(row.best().map(b -> String.valueOf(b.epoch())).orElse(""));
            cells.addAll(List.of(String.valueOf(row.epochs()), row.state().label(), String.valueOf(row.seconds())));
            cells.addAll(List.of(row.run(), row.problem()));
            lines.append(Csv.line(cells)).append('\n');
        }
        return lines.toString();
    }

    private List<List<String>> table() {
        List<List<String>> table = new ArrayList<>();
        List<String> header = new ArrayList<>(axes.stream().map(SweepAxis::path).toList());
        header.addAll(List.of("top-1", "loss"));
        furtherMeasure().ifPresent(header::add);
        header.addAll(List.of("best epoch", "epochs", "state"));
        table.add(header);
        for (SweepResult row : rows) {
            List<String> cells = new ArrayList<>(row.values().values());
            cells.addAll(List.of(row.top1Text(), row.lossText()));
            if (furtherMeasure().isPresent()) cells.add(row.measureText());
            cells.addAll(List.of(row.bestEpochText(), String.valueOf(row.epochs()), row.stateText()));
            table.add(cells);
        }
        return table;
    }

    private String html() {
        List<String> results = new ArrayList<>(List.of("top-1", "loss"));
        furtherMeasure().ifPresent(results::add);
        results.addAll(List.of("images/s", "time"));
        SweepPage.SweepRow header = new SweepPage.SweepRow(
                results,
                axes.stream().map(SweepAxis::path).toList(),
                List.of("best epoch", "epochs", "state"),
                Optional.empty(),
                0);
        List<SweepPage.SweepRow> lines = new ArrayList<>();
        for (SweepResult row : rows) {
            boolean report = Files.exists(directory.resolve(row.run()).resolve("report.html"));
            Optional<String> link = report ? Optional.of(row.run() + "/report.html") : Optional.empty();
            lines.add(row.forPage(link, furtherMeasure().isPresent()));
        }
        return SweepPage.html(config, header, lines, curves());
    }

    private List<Chart.ChartSeries> curves() {
        return rows.stream()
                .map(row -> {
                    List<Chart.ChartPoint> points = SweepResult.metrics(directory.resolve(row.run())).stream()
                            .map(epoch -> new Chart.ChartPoint(
                                    epoch.epoch(), epoch.best(row.measure()).valTop1()))
                            .toList();
                    OptionalDouble best = row.best().isPresent()
                            ? OptionalDouble.of(row.best().get().epoch())
                            : OptionalDouble.empty();
                    return new Chart.ChartSeries(row.run(), points, best);
                })
                .toList();
    }
}
