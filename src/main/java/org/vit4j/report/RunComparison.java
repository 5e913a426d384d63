package org.vit4j.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.vit4j.config.ConfigError;
import org.vit4j.io.AtomicFiles;
import org.vit4j.metrics.BestEpoch;
import org.vit4j.metrics.BestMetric;
import org.vit4j.metrics.ScoreMetric;
import org.vit4j.metrics.ValidationMetrics;

/**
 * Comparison of runs: results and config differences.
 *
 * @param rows one per run, in the order of the arguments
 * @param differences keys whose values differ between the resolved configs: path -> value of each run, empty if absent
 * @param unfinished directories of runs without a finished epoch, which have no row
 */
public record RunComparison(
        List<ComparedRun> rows, Map<String, List<Optional<String>>> differences, List<Path> unfinished) {
    /** Maximum number of differing keys shown as columns of the result table; more are listed separately. */
    static final int MAX_KEY_COLUMNS = 8;

    /** Reason why a run is left out. */
    public static final String UNFINISHED = "no epoch of this run has finished yet (metrics.jsonl)";

    private static final List<String> FIRST_RESULTS = List.of("best top-1", "best loss", "images/s", "time");

    /**
     * Results of one run.
     *
     * @param name directory name, or path if names are not unique
     * @param measure selects the best epoch
     * @param best best epoch
     * @param bestMetrics its validation metrics
     * @param last metrics of the last epoch
     * @param plannedEpochs epochs of its config; empty if not set
     * @param parameters number of parameter elements; empty if the model cannot be built
     */
    public record ComparedRun(
            RunRecord run,
            String name,
            BestMetric measure,
            BestEpoch best,
            ValidationMetrics bestMetrics,
            Map<String, Double> last,
            Optional<String> plannedEpochs,
            OptionalLong parameters) {
        int epochs() {
            return run.epochs().size();
        }
    }

    /**
     * Reads the runs; a directory of a sweep stands for its runs. Those without a finished epoch are left out if there are
     * others.
     *
     * @throws ConfigError with a line for each directory that is missing or cannot be read, or if no run has a finished epoch
     */
    public static RunComparison read(List<Path> directories) {
        List<String> problems = new ArrayList<>();
        List<RunRecord> runs = new ArrayList<>();
        List<Path> unfinished = new ArrayList<>();
        boolean unreadable = false;
        for (Path directory : directories.stream().flatMap(RunComparison::runs).toList()) {
            try {
                RunRecord run = RunRecord.read(directory);
                if (!run.epochs().isEmpty()) {
                    runs.add(run);
                    continue;
                }
                unfinished.add(directory);
                problems.add(directory + ": " + UNFINISHED);
            } catch (ConfigError e) {
                unreadable = true;
                problems.add(e.getMessage());
            }
        }
        if (unreadable || runs.isEmpty()) throw ConfigError.of(problems);
        return of(runs, unfinished);
    }

    private static Stream<Path> runs(Path directory) {
        if (!Files.exists(directory.resolve("sweep.json"))) return Stream.of(directory);
        try (Stream<Path> entries = Files.list(directory)) {
            List<Path> runs = entries.filter(entry -> Files.exists(entry.resolve("config.yaml")))
                    .sorted()
                    .toList();
            return runs.isEmpty() ? Stream.of(directory) : runs.stream();
        } catch (IOException e) {
            throw new ConfigError(directory + ": cannot be listed: " + AtomicFiles.reason(e), e);
        }
    }

    static RunComparison of(List<RunRecord> runs, List<Path> unfinished) {
        Set<String> names = new HashSet<>();
        boolean unique = runs.stream().allMatch(run -> names.add(run.name()));
        Function<RunRecord, String> name =
                run -> unique ? run.name() : run.directory().toString();
        List<Map<String, String>> configs = runs.stream().map(RunRecord::config).toList();
        List<ComparedRun> rows = new ArrayList<>();
        for (int i = 0; i < runs.size(); i++) {
            RunRecord run = runs.get(i);
            rows.add(new ComparedRun(
                    run,
                    name.apply(run),
                    run.bestMetric(),
                    run.best().orElseThrow(),
                    run.bestMetrics().orElseThrow(),
                    run.last().orElseThrow(),
                    Optional.ofNullable(configs.get(i).get("train.epochs")),
                    run.parameters()));
        }
        return new RunComparison(rows, differences(configs), unfinished);
    }

    private static Map<String, List<Optional<String>>> differences(List<Map<String, String>> configs) {
        Set<String> paths = new LinkedHashSet<>();
        configs.forEach(config -> paths.addAll(config.keySet()));
        paths.remove("output.dir"); // always differs
        List<String> ordered = new ArrayList<>(paths);
        ordered.sort(Comparator.comparingInt(RunComparison::rank)); // stable
        Map<String, List<Optional<String>>> differing = new LinkedHashMap<>();
        for (String path : ordered) {
            List<Optional<String>> values = configs.stream()
                    .map(config -> Optional.ofNullable(config.get(path)))
                    .toList();
            if (values.stream().distinct().count() > 1) differing.put(path, values);
        }
        return differing;
    }

    /** Order of sections: what a reader changes most first; the keys of different architectures are many. */
    private static int rank(String path) {
        int section = List.of("train", "data").indexOf(path.split("\\.", 2)[0]);
        if (section >= 0) return section;
        return path.startsWith("model.") ? 3 : 2;
    }

    boolean hasEma() {
        return rows.stream().anyMatch(row -> row.run.has("val_ema_top1"));
    }

    /**
     * Returns the differing paths with their last element, or the full path if that is ambiguous: {@code
     * train.optimizer.lr -> lr}.
     */
    Map<String, String> shortNames() {
        Map<String, Long> counts = differences.keySet().stream()
                .collect(Collectors.groupingBy(RunComparison::lastElement, Collectors.counting()));
        Map<String, String> names = new LinkedHashMap<>();
        for (String path : differences.keySet())
            names.put(path, counts.get(lastElement(path)) == 1 ? lastElement(path) : path);
        return names;
    }

    private static String lastElement(String path) {
        return path.substring(path.lastIndexOf('.') + 1);
    }

    /** Groups run names by value, most frequent value first; {@code –} stands for a missing value. */
    static Map<String, List<String>> byValue(List<ComparedRun> rows, List<Optional<String>> values) {
        Map<String, List<String>> groups = new LinkedHashMap<>();
        for (int i = 0; i < rows.size(); i++) {
            groups.computeIfAbsent(values.get(i).orElse("–"), any -> new ArrayList<>())
                    .add(rows.get(i).name);
        }
        return groups.entrySet().stream()
                .sorted(Comparator.comparing(group -> -group.getValue().size()))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue, (a, b) -> a, LinkedHashMap::new));
    }

    /** Returns one map per run for JSON output, with unrounded numbers and {@code null} for unknown values. */
    public List<Map<String, Object>> toMaps() {
        List<Map<String, Object>> all = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            ComparedRun row = rows.get(i);
            Map<String, Object> run = new LinkedHashMap<>();
            run.put("run", row.run.directory().toString());
            run.put("epochs", row.epochs());
            run.put(
                    "epochs_planned",
                    row.plannedEpochs.map(RunComparison::toInteger).orElse(null));
            run.put("best", best(row));
            run.put("last", last(row.last));
            run.put("seconds", row.run.seconds());
            OptionalDouble rate = row.run.imagesPerSecond();
            run.put("images_per_second", rate.isPresent() ? rate.getAsDouble() : null);
            run.put("parameters", row.parameters.isPresent() ? row.parameters.getAsLong() : null);
            Map<String, String> values = new LinkedHashMap<>();
            int index = i;
            differences.forEach((path, each) -> values.put(path, each.get(index).orElse(null)));
            run.put("differs", values);
            all.add(run);
        }
        return all;
    }

    private static Integer toInteger(String text) {
        return text.matches("\\d{1,9}") ? Integer.valueOf(text) : null;
    }

    private static Map<String, Object> best(ComparedRun row) {
        BestEpoch best = row.best;
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("epoch", best.epoch());
        all.put("val_top1", best.top1());
        all.put("val_loss", best.loss());
        row.measure.furtherName().ifPresent(name -> all.put(ScoreMetric.keyOf(name), finite(row)));
        all.put("averaged", best.averaged());
        return all;
    }

    private static Double finite(ComparedRun row) {
        double value = row.measure.value(row.bestMetrics);
        return Double.isFinite(value) ? value : null;
    }

    private static Map<String, Object> last(Map<String, Double> line) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("epoch", line.get("epoch").intValue());
        List<String> keys = List.of("val_top1", "val_loss", "val_ema_top1", "val_ema_loss", "train_top1", "train_loss");
        for (String key : keys) all.put(key, line.get(key));
        return all;
    }

    /**
     * Like {@link #cells()}, in the order for pages of any width: the run, its best accuracy and loss, rate and duration, the
     * differing config values, and the other results.
     */
    public List<List<String>> cellsResultsFirst() {
        List<List<String>> table = cells();
        List<String> head = table.get(0);
        int firstResult = head.size()
                - results(rows.get(0), measure().furtherName().isPresent()).size();
        List<Integer> order = new ArrayList<>(List.of(0));
        for (String name : FIRST_RESULTS)
            order.add(firstResult + head.subList(firstResult, head.size()).indexOf(name));
        for (int i = 1; i < head.size(); i++) if (!order.contains(i)) order.add(i);
        return table.stream()
                .map(line -> order.stream().map(line::get).toList())
                .toList();
    }

    /** Returns headings and cells of the result table: run name, differing config values, results. */
    public List<List<String>> cells() {
        List<List<String>> table = new ArrayList<>();
        boolean columns = differences.size() <= MAX_KEY_COLUMNS;
        List<String> head = new ArrayList<>(List.of("run"));
        if (columns) head.addAll(shortNames().values());
        head.add("best top-1");
        Optional<String> measure = measure().furtherName();
        measure.ifPresent(name -> head.add("best " + name));
        head.addAll(List.of("best epoch", "best loss", "last top-1", "last loss"));
        if (hasEma()) head.add("last EMA top-1");
        head.addAll(List.of("epochs", "time", "images/s", "parameters"));
        table.add(head);
        for (int i = 0; i < rows.size(); i++) {
            List<String> cells = new ArrayList<>(List.of(rows.get(i).name));
            int index = i;
            if (columns)
                differences
                        .values()
                        .forEach(values -> cells.add(values.get(index).orElse("–")));
            cells.addAll(results(rows.get(i), measure.isPresent()));
            table.add(cells);
        }
        return table;
    }

    private List<String> results(ComparedRun row, boolean withMeasure) {
        List<String> cells = new ArrayList<>();
        cells.add(TextFormat.percent(row.best.top1()));
        if (withMeasure) cells.add(TextFormat.number(row.measure.value(row.bestMetrics)));
        cells.add(row.best.epoch() + (row.best.averaged() ? " EMA" : ""));
        cells.add(TextFormat.number(row.best.loss()));
        cells.add(TextFormat.percent(row.last.get("val_top1")));
        cells.add(TextFormat.number(row.last.get("val_loss")));
        if (hasEma()) cells.add(TextFormat.percent(row.last.get("val_ema_top1")));
        cells.add(row.epochs() + row.plannedEpochs.map(all -> "/" + all).orElse(""));
        cells.add(TextFormat.time(row.run.seconds()));
        OptionalDouble rate = row.run.imagesPerSecond();
        cells.add(TextFormat.number(rate.isPresent() ? rate.getAsDouble() : null));
        cells.add(row.parameters.isPresent() ? String.format(Locale.ROOT, "%,d", row.parameters.getAsLong()) : "–");
        return cells;
    }

    /** Formats the comparison as text for a terminal. */
    public String table() {
        StringBuilder text = new StringBuilder(TextTable.rightAligned(cells())).append('\n');
        if (differences.size() > MAX_KEY_COLUMNS) {
            text.append("\nconfig differences:\n");
            differences.forEach((path, values) -> text.append("  " + path + ": " + grouped(values) + "\n"));
        }
        return text.toString();
    }

    private String grouped(List<Optional<String>> values) {
        List<String> groups = byValue(rows, values).entrySet().stream()
                .map(group -> group.getKey() + " (" + TextFormat.abbreviate(group.getValue()) + ")")
                .toList();
        return TextFormat.abbreviate(groups);
    }

    /** Measure by which runs are compared: {@code train.best}, or accuracy if the runs have different measures. */
    BestMetric measure() {
        return BestMetric.common(rows.stream().map(ComparedRun::measure).toList());
    }

    /** Returns the index of the best row; the first if several are equal. */
    int bestRow() {
        Comparator<ValidationMetrics> bestFirst = measure().bestFirst();
        return IntStream.range(0, rows.size())
                .reduce((a, b) -> bestFirst.compare(rows.get(b).bestMetrics, rows.get(a).bestMetrics) < 0 ? b : a)
                .orElseThrow();
    }
}
