package org.vit4j.report;

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
import org.vit4j.config.ConfigError;

/**
 * Runs side by side.
 *
 * @param rows one a run, in the order they were named
 * @param differing what the resolved configs do not agree on: path to the value of each run, empty where it has none
 */
public record RunComparison(List<ComparedRun> rows, Map<String, List<Optional<String>>> differing) {
    /** So many differing values are columns of the table; more have a table of their own. */
    static final int AS_COLUMNS = 8;

    /**
     * A run in numbers.
     *
     * @param name its directory, as short as it is clear
     * @param planned epochs of its config; empty when that does not say
     */
    public record ComparedRun(
            RunRecord run,
            String name,
            RunRecord.BestEpoch best,
            Map<String, Double> last,
            Optional<String> planned,
            OptionalLong parameters) {
        int epochs() {
            return run.epochs().size();
        }
    }

    /**
     * Reads the runs.
     *
     * @throws ConfigError with a line for each directory that is missing, damaged, or holds no finished epoch
     */
    public static RunComparison read(List<Path> directories) {
        List<String> problems = new ArrayList<>();
        List<RunRecord> runs = new ArrayList<>();
        for (Path directory : directories) {
            try {
                RunRecord run = RunRecord.read(directory);
                if (run.epochs().isEmpty()) {
                    throw new ConfigError(directory + ": no epoch of this run has finished yet (metrics.jsonl)");
                }
                runs.add(run);
            } catch (ConfigError e) {
                problems.add(e.getMessage());
            }
        }
        if (!problems.isEmpty()) throw ConfigError.of(problems);
        return of(runs);
    }

    static RunComparison of(List<RunRecord> runs) {
        Set<String> names = new HashSet<>();
        boolean clear = runs.stream().allMatch(run -> names.add(run.name()));
        Function<RunRecord, String> name =
                run -> clear ? run.name() : run.directory().toString();
        List<Map<String, String>> configs = runs.stream().map(RunRecord::config).toList();
        List<ComparedRun> rows = new ArrayList<>();
        for (int i = 0; i < runs.size(); i++) {
            RunRecord run = runs.get(i);
            rows.add(new ComparedRun(
                    run,
                    name.apply(run),
                    run.best().orElseThrow(),
                    run.last().orElseThrow(),
                    Optional.ofNullable(configs.get(i).get("train.epochs")),
                    run.parameters()));
        }
        return new RunComparison(rows, differing(configs));
    }

    private static Map<String, List<Optional<String>>> differing(List<Map<String, String>> configs) {
        Set<String> paths = new LinkedHashSet<>();
        configs.forEach(config -> paths.addAll(config.keySet()));
        paths.remove("output.dir"); // differs by nature
        Map<String, List<Optional<String>>> differing = new LinkedHashMap<>();
        for (String path : paths) {
            List<Optional<String>> values = configs.stream()
                    .map(config -> Optional.ofNullable(config.get(path)))
                    .toList();
            if (values.stream().distinct().count() > 1) differing.put(path, values);
        }
        return differing;
    }

    boolean hasEma() {
        return rows.stream().anyMatch(row -> row.run.has("val_ema_top1"));
    }

    /** The differing paths by the shortest ending that tells them apart: {@code train.optimizer.lr -> lr}. */
    Map<String, String> shortNames() {
        Map<String, Long> times = differing.keySet().stream()
                .collect(Collectors.groupingBy(RunComparison::ending, Collectors.counting()));
        Map<String, String> names = new LinkedHashMap<>();
        for (String path : differing.keySet()) names.put(path, times.get(ending(path)) == 1 ? ending(path) : path);
        return names;
    }

    private static String ending(String path) {
        return path.substring(path.lastIndexOf('.') + 1);
    }

    /** The runs by the value they have, the most frequent value first; {@code –} for those without. */
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

    /** For programs: a list with an object for each run, numbers unrounded, {@code null} for what is not known. */
    public List<Map<String, Object>> machine() {
        List<Map<String, Object>> all = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            ComparedRun row = rows.get(i);
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("run", row.run.directory().toString());
            one.put("epochs", row.epochs());
            one.put("epochs_planned", row.planned.map(RunComparison::whole).orElse(null));
            one.put("best", best(row.best));
            one.put("last", last(row.last));
            one.put("seconds", row.run.seconds());
            OptionalDouble rate = row.run.imagesPerSecond();
            one.put("images_per_second", rate.isPresent() ? rate.getAsDouble() : null);
            one.put("parameters", row.parameters.isPresent() ? row.parameters.getAsLong() : null);
            Map<String, String> values = new LinkedHashMap<>();
            int which = i;
            differing.forEach((path, each) -> values.put(path, each.get(which).orElse(null)));
            one.put("differs", values);
            all.add(one);
        }
        return all;
    }

    private static Integer whole(String text) {
        return text.matches("\\d{1,9}") ? Integer.valueOf(text) : null;
    }

    private static Map<String, Object> best(RunRecord.BestEpoch best) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("epoch", best.epoch());
        all.put("val_top1", best.top1());
        all.put("val_loss", best.loss());
        all.put("averaged", best.averaged());
        return all;
    }

    private static Map<String, Object> last(Map<String, Double> line) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("epoch", line.get("epoch").intValue());
        List<String> keys = List.of("val_top1", "val_loss", "val_ema_top1", "val_ema_loss", "train_top1", "train_loss");
        for (String key : keys) all.put(key, line.get(key));
        return all;
    }

    /** Headings and cells of the table for people: the name of the run, what is special about it, how it did. */
    public List<List<String>> cells() {
        List<List<String>> table = new ArrayList<>();
        boolean columns = differing.size() <= AS_COLUMNS;
        List<String> head = new ArrayList<>(List.of("run"));
        if (columns) head.addAll(shortNames().values());
        head.addAll(List.of("best top-1", "at epoch", "its loss", "last top-1", "last loss"));
        if (hasEma()) head.add("last average");
        head.addAll(List.of("epochs", "time", "images/s", "parameters"));
        table.add(head);
        for (int i = 0; i < rows.size(); i++) {
            List<String> cells = new ArrayList<>(List.of(rows.get(i).name));
            int which = i;
            if (columns)
                differing.values().forEach(values -> cells.add(values.get(which).orElse("–")));
            cells.addAll(results(rows.get(i)));
            table.add(cells);
        }
        return table;
    }

    private List<String> results(ComparedRun row) {
        List<String> cells = new ArrayList<>();
        cells.add(TextFormat.percent(row.best.top1()));
        cells.add(row.best.epoch() + (row.best.averaged() ? " avg" : ""));
        cells.add(TextFormat.number(row.best.loss()));
        cells.add(TextFormat.percent(row.last.get("val_top1")));
        cells.add(TextFormat.number(row.last.get("val_loss")));
        if (hasEma()) cells.add(TextFormat.percent(row.last.get("val_ema_top1")));
        cells.add(row.epochs() + row.planned.map(all -> "/" + all).orElse(""));
        cells.add(TextFormat.time(row.run.seconds()));
        OptionalDouble rate = row.run.imagesPerSecond();
        cells.add(TextFormat.number(rate.isPresent() ? rate.getAsDouble() : null));
        cells.add(row.parameters.isPresent() ? String.format(Locale.ROOT, "%,d", row.parameters.getAsLong()) : "–");
        return cells;
    }

    /** For people, in a terminal. */
    public String table() {
        List<List<String>> table = cells();
        int[] widths = new int[table.get(0).size()];
        for (List<String> line : table)
            for (int i = 0; i < widths.length; i++)
                widths[i] = Math.max(widths[i], line.get(i).length());
        StringBuilder text = new StringBuilder();
        for (List<String> line : table) {
            StringBuilder one = new StringBuilder(String.format(Locale.ROOT, "%-" + widths[0] + "s", line.get(0)));
            for (int i = 1; i < widths.length; i++)
                one.append(String.format(Locale.ROOT, "  %" + widths[i] + "s", line.get(i)));
            text.append(one.toString().stripTrailing()).append('\n');
        }
        if (differing.size() > AS_COLUMNS) {
            text.append("\nwhat differs:\n");
            differing.forEach((path, values) -> text.append("  " + path + ": " + grouped(values) + "\n"));
        }
        return text.toString();
    }

    private String grouped(List<Optional<String>> values) {
        List<String> groups = byValue(rows, values).entrySet().stream()
                .map(group -> group.getKey() + " (" + TextFormat.few(group.getValue()) + ")")
                .toList();
        return TextFormat.few(groups);
    }

    /** Which row has the highest best accuracy; the first of several. */
    int winner() {
        return IntStream.range(0, rows.size())
                .reduce((a, b) -> accuracy(b) > accuracy(a) ? b : a)
                .orElseThrow();
    }

    private double accuracy(int row) {
        return rows.get(row).best.top1();
    }
}
