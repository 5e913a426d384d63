package org.vit4j.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.data.DataConfig;
import org.vit4j.io.ShortText;
import org.vit4j.train.TeacherModel;

/**
 * Validated grid of runs.
 *
 * @param name of the config
 * @param directory contains one directory per run
 */
public record SweepPlan(String name, Path directory, List<SweepAxis> axes, List<SweepEntry> runs) {
    private static final int LONGEST_NAME = 120;

    /**
     * Point of the grid.
     *
     * @param name of its directory, for example {@code lr=1e-3,dim=96}
     * @param values by path, in the order of the axes
     */
    public record SweepEntry(String name, Map<String, String> values, RunConfig config) {}

    /**
     * Reads and checks all combinations.
     *
     * @param directory of the sweep; {@code output.dir} of the config if null
     * @throws ConfigError with the problems of all combinations, one line each
     */
    static SweepPlan of(String config, List<String> overrides, List<SweepAxis> axes, Path directory) {
        if (axes.isEmpty()) throw new ConfigError("sweep: expected at least one path=value,value");
        checkPaths(axes);
        SweepProblems problems = new SweepProblems();
        List<SweepEntry> entries = new ArrayList<>();
        List<Map<String, String>> grid = grid(axes);
        Map<String, Map<String, String>> byName = new LinkedHashMap<>();
        for (Map<String, String> values : grid) {
            String name = name(values, axes);
            byName.put(name, values);
            List<String> all = new ArrayList<>(overrides);
            values.forEach((path, value) -> all.add(path + "=" + value));
            problems.collect(name, () -> entries.add(new SweepEntry(name, values, RunConfig.open(config, all))));
        }
        problems.check(byName);
        Path target =
                directory != null ? directory : entries.get(0).config().output().dir();
        List<SweepEntry> runs = new ArrayList<>();
        for (SweepEntry entry : entries) runs.add(withOutputDir(entry, target, config, overrides));
        checkDistinct(runs);
        checkRuns(runs);
        return new SweepPlan(runs.get(0).config().name(), target, axes, List.copyOf(runs));
    }

    /** Sets the output directory of a run, so that its resolved config reproduces it. */
    private static SweepEntry withOutputDir(SweepEntry entry, Path target, String config, List<String> overrides) {
        List<String> all = new ArrayList<>(overrides);
        entry.values.forEach((path, value) -> all.add(path + "=" + value));
        all.add("output.dir=" + quoted(target.resolve(entry.name).toString()));
        return new SweepEntry(entry.name, entry.values, RunConfig.open(config, all));
    }

    private static String quoted(String text) {
        try {
            return new ObjectMapper().writeValueAsString(text); // JSON is YAML
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void checkPaths(List<SweepAxis> axes) {
        Set<String> paths = new HashSet<>();
        for (SweepAxis axis : axes) {
            if (!paths.add(axis.path())) throw new ConfigError("--sweep " + axis.path() + ": duplicate axis");
            if (axis.path().startsWith("output.")) {
                throw new ConfigError("--sweep " + axis.path() + ": each run of a sweep has its own directory, named by"
                        + " its values; remove this axis, or set the directory of the sweep with --run");
            }
        }
    }

    /** All combinations of values; the last axis varies fastest. */
    private static List<Map<String, String>> grid(List<SweepAxis> axes) {
        List<Map<String, String>> grid = List.of(Map.of());
        for (SweepAxis axis : axes) {
            List<Map<String, String>> extended = new ArrayList<>();
            for (Map<String, String> prefix : grid) {
                for (String value : axis.values()) {
                    Map<String, String> point = new LinkedHashMap<>(prefix);
                    point.put(axis.path(), value);
                    extended.add(point);
                }
            }
            grid = extended;
        }
        return grid;
    }

    private static String name(Map<String, String> values, List<SweepAxis> axes) {
        List<String> keys = axes.stream().map(SweepAxis::key).toList();
        boolean ambiguous = new HashSet<>(keys).size() < keys.size();
        List<String> parts = new ArrayList<>();
        for (SweepAxis axis : axes) {
            parts.add((ambiguous ? axis.path() : axis.key()) + "=" + fileName(values.get(axis.path())));
        }
        String name = String.join(",", parts);
        if (name.length() <= LONGEST_NAME) return name;
        return ShortText.prefix(name, LONGEST_NAME) + "-" + Integer.toHexString(name.hashCode());
    }

    /** Converts a value to characters allowed in file names on all systems: {@code [7, 3]} becomes {@code 7-3}. */
    private static String fileName(String value) {
        String bare = value.replaceAll("[\\[\\]{}\"'\\s]", "");
        return bare.replaceAll("[^A-Za-z0-9._+-]+", "-");
    }

    private static void checkDistinct(List<SweepEntry> entries) {
        Map<String, SweepEntry> byName = new HashMap<>();
        Map<Map<String, String>, SweepEntry> byConfig = new HashMap<>();
        for (SweepEntry entry : entries) {
            Map<String, String> values = Config.values(entry.config.resolved(), entry.name);
            values.remove("output.dir");
            SweepEntry sameConfig = byConfig.putIfAbsent(values, entry);
            SweepEntry sameName = byName.putIfAbsent(entry.name, entry);
            if (sameConfig == null && sameName == null) continue;
            throw new ConfigError(
                    "--sweep: " + entry.values + " and " + (sameConfig == null ? sameName : sameConfig).values
                            + (sameConfig == null
                                    ? " would have the same directory name; write their values differently"
                                    : " are the same run"));
        }
    }

    /**
     * Checks the initial weights and the teachers of runs that have not begun.
     *
     * @param begins whether a run has not begun
     * @throws ConfigError with the problems of all runs
     */
    void checkWeights(Predicate<SweepEntry> begins) {
        SweepProblems problems = new SweepProblems();
        Map<List<Object>, Optional<ConfigError>> checked = new HashMap<>();
        for (SweepEntry entry : runs) {
            if (!begins.test(entry)) continue;
            RunConfig config = entry.config;
            config.train()
                    .init()
                    .ifPresent(
                            init -> problems.collect(entry.name, () -> init.checkFits(config.name(), config.model())));
            config.train()
                    .distill()
                    .ifPresent(distill -> problems.collect(entry.name, () -> {
                        List<Object> key = List.of(distill.teacher(), config.data());
                        checked.computeIfAbsent(key, any -> teacherProblem(config))
                                .ifPresent(problem -> {
                                    throw problem;
                                });
                    }));
        }
        problems.check(byName(runs));
    }

    private static Optional<ConfigError> teacherProblem(RunConfig config) {
        try {
            TrainRun.teacher(config, TrainData.open(config).classes()).ifPresent(TeacherModel::close);
            return Optional.empty();
        } catch (ConfigError e) {
            return Optional.of(e);
        }
    }

    private static Map<String, Map<String, String>> byName(List<SweepEntry> entries) {
        Map<String, Map<String, String>> byName = new LinkedHashMap<>();
        entries.forEach(entry -> byName.put(entry.name, entry.values));
        return byName;
    }

    /** Checks models, memory and data of all runs before training. */
    private static void checkRuns(List<SweepEntry> entries) {
        SweepProblems problems = new SweepProblems();
        Map<DataConfig, Integer> classes = new HashMap<>();
        for (SweepEntry entry : entries) {
            problems.collect(entry.name, () -> {
                DataConfig data = entry.config.data();
                Integer count = classes.get(data);
                if (count == null) {
                    count = TrainData.open(entry.config).classes().size();
                    classes.put(data, count);
                }
                TrainRun.check(entry.config, count);
            });
        }
        problems.check(byName(entries));
    }

    /** Collects problems with the runs that have them; a problem of all runs is reported once. */
    private static final class SweepProblems {
        private final Map<String, Set<String>> runsByLine = new LinkedHashMap<>();

        void collect(String run, Runnable step) {
            try {
                step.run();
            } catch (ConfigError e) {
                e.getMessage()
                        .lines()
                        .forEach(line -> runsByLine
                                .computeIfAbsent(line, l -> new LinkedHashSet<>())
                                .add(run));
            }
        }

        /** @param runs values of all runs by name */
        void check(Map<String, Map<String, String>> runs) {
            if (runsByLine.isEmpty()) return;
            List<String> lines = new ArrayList<>();
            runsByLine.forEach((line, names) -> lines.add(format(line, names, runs)));
            throw ConfigError.of(lines);
        }

        private static String format(String line, Set<String> names, Map<String, Map<String, String>> runs) {
            if (names.size() == runs.size()) return line.replaceFirst("^--set", "--sweep");
            String prefix = "--sweep " + String.join(" ", names) + ": ";
            for (Map.Entry<String, String> entry :
                    runs.get(names.iterator().next()).entrySet()) {
                String where = "--set " + entry.getKey() + "=" + entry.getValue() + ": ";
                if (!line.startsWith(where)) continue;
                long count = runs.values().stream()
                        .filter(values -> values.get(entry.getKey()).equals(entry.getValue()))
                        .count();
                // If all runs with this value fail, the value itself is wrong; otherwise the failing runs are named.
                return count == names.size()
                        ? line.replaceFirst("^--set", "--sweep")
                        : prefix + line.substring(where.length());
            }
            return prefix + line;
        }
    }
}
