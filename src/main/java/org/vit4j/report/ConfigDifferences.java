package org.vit4j.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Differences of the configs of runs, with one row for a section that only some of them have. */
final class ConfigDifferences {
    private ConfigDifferences() {}

    /**
     * Merges the keys of a section that the same runs do not have: {@code train.ema} instead of {@code train.ema.decay},
     * {@code train.ema.warmup} and so on.
     *
     * @param differences values of each run by path; empty for runs without the key
     */
    static Map<String, List<Optional<String>>> merged(Map<String, List<Optional<String>>> differences) {
        Map<String, List<String>> sections = differences.keySet().stream()
                .filter(path -> differences.get(path).stream().anyMatch(Optional::isEmpty))
                .collect(Collectors.groupingBy(
                        path -> section(path) + present(differences.get(path)),
                        LinkedHashMap::new,
                        Collectors.toList()));
        Map<String, List<String>> byFirst = new LinkedHashMap<>();
        sections.values().stream()
                .filter(paths -> paths.size() > 1 && paths.get(0).split("\\.").length > 2)
                .forEach(paths -> byFirst.put(paths.get(0), paths));
        List<String> done = new ArrayList<>();
        Map<String, List<Optional<String>>> merged = new LinkedHashMap<>();
        differences.forEach((path, values) -> {
            List<String> paths = byFirst.getOrDefault(path, List.of());
            if (!paths.isEmpty()) {
                merged.put(section(path), joined(paths, differences));
                done.addAll(paths);
            } else if (!done.contains(path)) merged.put(path, values);
        });
        return merged;
    }

    private static String section(String path) {
        return path.contains(".") ? path.substring(0, path.lastIndexOf('.')) : "";
    }

    private static String present(List<Optional<String>> values) {
        return values.stream().map(value -> value.isPresent() ? "1" : "0").collect(Collectors.joining());
    }

    private static List<Optional<String>> joined(List<String> paths, Map<String, List<Optional<String>>> differences) {
        List<Optional<String>> joined = new ArrayList<>();
        int runs = differences.get(paths.get(0)).size();
        for (int i = 0; i < runs; i++) {
            int run = i;
            String values = paths.stream()
                    .filter(path -> differences.get(path).get(run).isPresent())
                    .map(path -> path.substring(section(path).length() + 1) + ": "
                            + differences.get(path).get(run).get())
                    .collect(Collectors.joining(", "));
            joined.add(values.isEmpty() ? Optional.empty() : Optional.of(values));
        }
        return joined;
    }
}
