package org.vit4j.train;

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
import java.util.Set;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.data.DataConfig;

/**
 * A grid of runs, all of them read and found to be possible.
 *
 * @param name of the config
 * @param directory holds a directory for each run
 */
public record SweepPlan(String name, Path directory, List<SweepAxis> axes, List<SweepEntry> runs) {
    private static final int LONGEST_NAME = 120;

    /**
     * One point of the grid.
     *
     * @param name of its directory: {@code lr=1e-3,dim=96}
     * @param values by path, in the order of the axes
     */
    public record SweepEntry(String name, Map<String, String> values, RunConfig config) {}

    /**
     * Reads every combination before any is trained.
     *
     * @param directory where the sweep lies; {@code output.dir} of the config when null
     * @throws ConfigError with the problems of all combinations, a line each
     */
    static SweepPlan of(String config, List<String> overrides, List<SweepAxis> axes, Path directory) {
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
        Path into =
                directory != null ? directory : entries.get(0).config().output().dir();
        List<SweepEntry> placed = new ArrayList<>();
        for (SweepEntry entry : entries) placed.add(placed(entry, into, config, overrides));
        distinct(placed);
        checkRuns(placed);
        return new SweepPlan(placed.get(0).config().name(), into, axes, List.copyOf(placed));
    }

    /** The same with its own directory, so that its resolved config reproduces it. */
    private static SweepEntry placed(SweepEntry entry, Path into, String config, List<String> overrides) {
        List<String> all = new ArrayList<>(overrides);
        entry.values.forEach((path, value) -> all.add(path + "=" + value));
        all.add("output.dir=" + quoted(into.resolve(entry.name).toString()));
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
        Set<String> seen = new HashSet<>();
        for (SweepAxis axis : axes) {
            if (!seen.add(axis.path())) throw new ConfigError("--sweep " + axis.path() + ": stands twice");
            if (axis.path().startsWith("output.")) {
                throw new ConfigError("--sweep " + axis.path() + ": the runs of a sweep have directories of their own,"
                        + " named by their values; leave it out, or place the whole sweep with --run");
            }
        }
    }

    /** The last axis runs fastest. */
    private static List<Map<String, String>> grid(List<SweepAxis> axes) {
        List<Map<String, String>> grid = List.of(Map.of());
        for (SweepAxis axis : axes) {
            List<Map<String, String>> longer = new ArrayList<>();
            for (Map<String, String> before : grid) {
                for (String value : axis.values()) {
                    Map<String, String> point = new LinkedHashMap<>(before);
                    point.put(axis.path(), value);
                    longer.add(point);
                }
            }
            grid = longer;
        }
        return grid;
    }

    private static String name(Map<String, String> values, List<SweepAxis> axes) {
        List<String> words = axes.stream().map(SweepAxis::word).toList();
        boolean unclear = new HashSet<>(words).size() < words.size();
        List<String> parts = new ArrayList<>();
        for (SweepAxis axis : axes) {
            parts.add((unclear ? axis.path() : axis.word()) + "=" + plain(values.get(axis.path())));
        }
        String name = String.join(",", parts);
        if (name.length() <= LONGEST_NAME) return name;
        return name.substring(0, LONGEST_NAME) + "-" + Integer.toHexString(name.hashCode());
    }

    /** What a directory may be called anywhere: {@code [7, 3]} becomes {@code 7-3}. */
    private static String plain(String value) {
        String bare = value.replaceAll("[\\[\\]{}\"'\\s]", "");
        return bare.replaceAll("[^A-Za-z0-9._+-]+", "-");
    }

    private static void distinct(List<SweepEntry> entries) {
        Map<String, SweepEntry> byName = new HashMap<>();
        Map<Map<String, String>, SweepEntry> byConfig = new HashMap<>();
        for (SweepEntry entry : entries) {
            Map<String, String> values = Config.values(entry.config.resolved(), entry.name);
            values.remove("output.dir");
            SweepEntry same = byConfig.putIfAbsent(values, entry);
            SweepEntry alike = byName.putIfAbsent(entry.name, entry);
            if (same == null && alike == null) continue;
            throw new ConfigError("--sweep: " + entry.values + " and " + (same == null ? alike : same).values
                    + (same == null
                            ? " would have the same directory; write their values otherwise"
                            : " are the same run"));
        }
    }

    /** Networks that cannot be built, memory, data that is not there: what training would stumble on. */
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
        Map<String, Map<String, String>> byName = new LinkedHashMap<>();
        entries.forEach(entry -> byName.put(entry.name, entry.values));
        problems.check(byName);
    }

    /** Problems with the runs that have them: what all have is said once. */
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

        /** @param runs all of them: name to values */
        void check(Map<String, Map<String, String>> runs) {
            if (runsByLine.isEmpty()) return;
            List<String> lines = new ArrayList<>();
            runsByLine.forEach((line, names) -> lines.add(told(line, names, runs)));
            throw ConfigError.of(lines);
        }

        private static String told(String line, Set<String> names, Map<String, Map<String, String>> runs) {
            if (names.size() == runs.size()) return line.replaceFirst("^--set", "--sweep");
            String who = "--sweep " + String.join(" ", names) + ": ";
            for (Map.Entry<String, String> one :
                    runs.get(names.iterator().next()).entrySet()) {
                String where = "--set " + one.getKey() + "=" + one.getValue() + ": ";
                if (!line.startsWith(where)) continue;
                long having = runs.values().stream()
                        .filter(values -> values.get(one.getKey()).equals(one.getValue()))
                        .count();
                // A value that is wrong by itself is named by itself, one that is wrong beside others by the runs.
                return having == names.size()
                        ? line.replaceFirst("^--set", "--sweep")
                        : who + line.substring(where.length());
            }
            return who + line;
        }
    }
}
