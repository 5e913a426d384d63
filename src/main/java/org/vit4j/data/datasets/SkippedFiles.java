package org.vit4j.data.datasets;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Counts of the files that {@link ImageFinder} skipped, by reason, for warnings. Hidden files are not counted. */
public final class SkippedFiles {
    private static final int MAX_TYPES = 8;

    private final Map<String, Integer> unknownTypes = new TreeMap<>();
    private final List<String> brokenLinks = new ArrayList<>();
    private final List<String> cycles = new ArrayList<>();
    private final List<String> special = new ArrayList<>();
    private final List<String> outside = new ArrayList<>();

    /** Counts a file that does not have the extension of an image. */
    void unknownType(String name) {
        int dot = name.lastIndexOf('.');
        String type = dot < 0 ? "no extension" : name.substring(dot).toLowerCase(Locale.ROOT);
        unknownTypes.merge(type, 1, Integer::sum);
    }

    void brokenLink(String path) {
        brokenLinks.add(path);
    }

    /** Counts a link to a directory that contains it. */
    void cycle(String path) {
        cycles.add(path);
    }

    /** Counts a pipe, socket or device. */
    void special(String path) {
        special.add(path);
    }

    /** Counts an image next to the class directories. */
    void outsideOfClasses(String path) {
        outside.add(path);
    }

    /** One message for each reason: {@code 12 files of unknown type skipped: .heic 10, .avif 2}. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        if (!unknownTypes.isEmpty()) lines.add(unknownTypesLine());
        add(lines, brokenLinks, "broken link", "broken links");
        add(lines, cycles, "link to a directory that contains it", "links to directories that contain them");
        add(lines, special, "file that is a pipe, socket or device", "files that are pipes, sockets or devices");
        add(lines, outside, "image outside of the class directories", "images outside of the class directories");
        return lines;
    }

    private String unknownTypesLine() {
        int count = unknownTypes.values().stream().mapToInt(n -> n).sum();
        List<String> types = unknownTypes.entrySet().stream()
                .sorted(Comparator.comparing((Map.Entry<String, Integer> type) -> -type.getValue())
                        .thenComparing(Map.Entry::getKey))
                .map(type -> type.getKey() + " " + type.getValue())
                .toList();
        String more = types.size() > MAX_TYPES ? " and " + (types.size() - MAX_TYPES) + " other types" : "";
        return count + (count == 1 ? " file" : " files") + " of unknown type skipped: "
                + types.stream().limit(MAX_TYPES).collect(Collectors.joining(", ")) + more;
    }

    private static void add(List<String> lines, List<String> paths, String one, String many) {
        if (paths.isEmpty()) return;
        lines.add(paths.size() + " " + (paths.size() == 1 ? one : many) + " skipped: " + paths.get(0)
                + (paths.size() > 1 ? " and others" : ""));
    }
}
