package org.vit4j.data.datasets;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.config.ConfigError;
import org.vit4j.config.Section;
import org.vit4j.config.Suggestions;
import org.vit4j.config.UnicodeNames;
import org.vit4j.data.random.SeededRandom;

/**
 * {@code data.labels}: a CSV file with the labels of images that have several, or none. Its first column is the path of the
 * image below {@code data.path}. Either the column {@code labels} contains the names of the classes, separated by
 * {@code data.label_separator}, or each further column is a class and contains 0 or 1. The column {@code split} ({@code train},
 * {@code val}) or {@code is_valid} ({@code true}, {@code false}) is optional.
 *
 * @param separator between the names in the column {@code labels}
 */
public record LabelFile(Path file, String separator) {
    private static final Logger LOG = LoggerFactory.getLogger(LabelFile.class);
    private static final List<String> LABELS = List.of("labels", "tags");
    private static final List<String> SPLITS = List.of("split", "is_valid");
    private static final List<String> USUAL_SEPARATORS = List.of(";", "|", ",");
    private static final Map<String, String> OTHER_DELIMITERS = Map.of(";", "semicolons", "\t", "tabs");
    private static final int SHOWN_CLASSES = 5;

    public LabelFile {
        if (separator.isEmpty()) throw new IllegalArgumentException("label_separator must not be empty");
    }

    /** Reads {@code labels} and {@code label_separator} of a {@code data:} section; empty if there are no labels. */
    public static Optional<LabelFile> read(Section s) {
        boolean labels = s.has("labels") && !s.isOff("labels");
        if (!labels) {
            if (s.has("label_separator"))
                s.reject("label_separator", "is for images with several labels (data.labels)");
            return Optional.empty();
        }
        Path file = DataFiles.expand(s.stringAt("labels"));
        String separator = s.stringAt("label_separator", " ");
        if (!separator.isEmpty()) return Optional.of(new LabelFile(file, separator));
        s.reject("label_separator", "must not be empty");
        return Optional.empty();
    }

    /** A row of the file. */
    private record LabeledRow(int line, String image, List<String> names, boolean validation) {}

    /** Images of a split and their labels. */
    public record LabeledImages(List<Path> files, List<int[]> labels) {}

    /**
     * Images of both splits.
     *
     * @param classes in the order of the network's outputs
     */
    public record LabeledSplits(List<String> classes, LabeledImages train, LabeledImages validation) {}

    /**
     * Reads the file.
     *
     * @param root directory of the images
     * @param classMap classes in the order of the network's outputs; empty for the order of the columns, or natural order
     * @param share of the images to hold out for validation, if the file has no split
     * @throws ConfigError with the line of the first problem
     */
    public LabeledSplits open(Path root, List<String> classMap, OptionalDouble share, long seed) {
        List<List<String>> lines = cells();
        List<String> header = header(lines);
        boolean split = column(header, SPLITS) >= 0;
        List<LabeledRow> rows = rows(lines, header);
        List<String> classes = classMap.isEmpty() ? classes(header, rows) : classMap;
        if (classes.isEmpty())
            throw new ConfigError(file + ": no image has a label; expected a column labels, or a column per class");
        LabeledSplits splits = divided(root, classes, rows, split, share, seed);
        double labels = rows.stream().mapToInt(row -> row.names.size()).sum();
        LOG.info(
                "{}: {} images, {} classes ({}), {} labels per image",
                file,
                rows.size(),
                classes.size(),
                String.join(", ", classes.subList(0, Math.min(SHOWN_CLASSES, classes.size())))
                        + (classes.size() > SHOWN_CLASSES ? ", ..." : ""),
                String.format(Locale.ROOT, "%.2f", labels / rows.size()));
        return splits;
    }

    /**
     * Reads the images to evaluate a model on: those for validation if the file divides its images, otherwise all.
     *
     * @param classes of the model, or their names in the file
     * @throws ConfigError with the line of the first problem
     */
    public LabeledImages evaluation(Path root, List<String> classes) {
        List<List<String>> lines = cells();
        List<String> header = header(lines);
        List<LabeledRow> rows = rows(lines, header);
        if (column(header, SPLITS) >= 0) rows.removeIf(row -> !row.validation);
        if (rows.isEmpty()) throw new ConfigError(file + ": has no images for validation");
        return images(root, classes, "in the model", rows);
    }

    private List<String> header(List<List<String>> lines) {
        List<String> header = lines.get(0).stream().map(String::strip).toList();
        if (header.size() == 1)
            OTHER_DELIMITERS.entrySet().stream()
                    .filter(delimiter -> lines.get(0).get(0).contains(delimiter.getKey()))
                    .findFirst()
                    .ifPresent(delimiter -> {
                        throw problem(1, "columns are separated by " + delimiter.getValue() + "; expected commas");
                    });
        if (SPLITS.stream().filter(header::contains).count() > 1)
            throw problem(
                    1, "columns " + String.join(" and ", SPLITS) + " both divide the images; expected one of them");
        boolean columnPerClass = column(header, LABELS) < 0;
        Set<String> names = new HashSet<>();
        for (String name : header.subList(1, header.size())) { // the first one is that of the files
            if (!columnPerClass && !LABELS.contains(name) && !SPLITS.contains(name)) continue; // not read
            if (name.isEmpty()) throw problem(1, "a column has no name (" + header + ")");
            if (!names.add(UnicodeNames.composed(name))) throw problem(1, "duplicate column '" + name + "'");
        }
        return header;
    }

    private List<LabeledRow> rows(List<List<String>> lines, List<String> header) {
        int split = column(header, SPLITS);
        List<LabeledRow> rows = new ArrayList<>();
        Map<String, Integer> lineOf = new HashMap<>();
        for (int i = 1; i < lines.size(); i++) {
            if (lines.get(i).size() == 1 && lines.get(i).get(0).isBlank()) continue;
            LabeledRow row = row(i + 1, header, lines.get(i), split);
            Integer before = lineOf.putIfAbsent(image(row), row.line);
            if (before != null)
                throw problem(row.line, row.image + " is in line " + before + " too; expected one line per image");
            rows.add(row);
        }
        if (rows.isEmpty()) throw new ConfigError(file + ": has no images below its header");
        return rows;
    }

    /** The path of an image in one spelling. */
    private String image(LabeledRow row) {
        Path image = Path.of(row.image).normalize();
        if (image.isAbsolute() || image.startsWith(".."))
            throw problem(row.line, row.image + " is not below data.path; expected a relative path");
        return image.toString();
    }

    private List<List<String>> cells() {
        if (!Files.isRegularFile(file)) throw new ConfigError("data.labels: " + file + ": does not exist");
        try {
            List<List<String>> lines = CsvLines.of(file.toString(), Files.readAllBytes(file));
            if (lines.isEmpty()) throw new ConfigError(file + ": is empty; expected a header such as file,labels");
            return lines;
        } catch (IOException e) {
            throw new ConfigError(file + ": cannot be read: " + org.vit4j.io.AtomicFiles.reason(e), e);
        }
    }

    private static int column(List<String> header, List<String> names) {
        return names.stream()
                .mapToInt(header::indexOf)
                .filter(i -> i > 0)
                .findFirst()
                .orElse(-1);
    }

    private LabeledRow row(int line, List<String> header, List<String> cells, int split) {
        if (cells.size() != header.size()) {
            throw problem(
                    line, cells.size() + " values, but the header has " + header.size() + " columns (" + header + ")");
        }
        int labels = column(header, LABELS);
        List<String> names = labels > 0 ? names(line, cells.get(labels)) : positives(line, header, cells, split);
        return new LabeledRow(
                line, cells.get(0), names, split >= 0 && isValidation(line, header.get(split), cells.get(split)));
    }

    private List<String> names(int line, String cell) {
        if (!cell.isBlank() && separator.isBlank()) {
            USUAL_SEPARATORS.stream().filter(cell::contains).findFirst().ifPresent(other -> {
                throw problem(line, "labels '" + cell + "' contain '" + other + "'; set data.label_separator");
            });
        }
        Set<String> names = new LinkedHashSet<>();
        for (String name : cell.split(java.util.regex.Pattern.quote(separator), -1)) {
            if (!name.isBlank()) names.add(name.strip());
        }
        return List.copyOf(names);
    }

    private List<String> positives(int line, List<String> header, List<String> cells, int split) {
        List<String> names = new ArrayList<>();
        for (int k = 1; k < header.size(); k++) {
            if (k == split) continue;
            String value = cells.get(k).strip();
            if (value.equals("1")) names.add(header.get(k));
            else if (!value.equals("0")) {
                throw problem(
                        line,
                        "column '" + header.get(k) + "' has '" + value
                                + "'; expected 0 or 1, or a column labels with the names of the classes");
            }
        }
        return names;
    }

    private boolean isValidation(int line, String column, String cell) {
        String word = cell.strip().toLowerCase(Locale.ROOT);
        boolean flag = column.equals("is_valid");
        if (flag ? List.of("true", "1").contains(word) : ImageFolder.VALIDATION.contains(word)) return true;
        if (flag ? List.of("false", "0").contains(word) : word.equals("train")) return false;
        throw problem(line, column + " '" + cell + "'; expected " + (flag ? "true or false" : "train or val"));
    }

    private static List<String> classes(List<String> header, List<LabeledRow> rows) {
        if (column(header, LABELS) < 0) {
            return header.subList(1, header.size()).stream()
                    .filter(name -> !SPLITS.contains(name))
                    .toList();
        }
        Set<String> names = new TreeSet<>(NaturalOrder.INSTANCE);
        rows.forEach(row -> row.names.forEach(name -> names.add(UnicodeNames.composed(name))));
        return List.copyOf(names);
    }

    private LabeledSplits divided(
            Path root, List<String> classes, List<LabeledRow> rows, boolean written, OptionalDouble share, long seed) {
        if (written && share.isPresent())
            throw new ConfigError("data.val_share: unexpected, " + file + " has a column that divides the images");
        if (!written && share.isEmpty())
            throw new ConfigError(file + ": has no column split or is_valid; expected one, or data.val_share");
        Set<Integer> heldOut = written ? Set.of() : heldOut(rows.size(), share.getAsDouble(), seed);
        List<LabeledRow> train = new ArrayList<>();
        List<LabeledRow> validation = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            boolean second = written ? rows.get(i).validation : heldOut.contains(i);
            (second ? validation : train).add(rows.get(i));
        }
        if (train.isEmpty() || validation.isEmpty())
            throw new ConfigError(file + ": has no images for " + (train.isEmpty() ? "training" : "validation"));
        String where = "in data.class_map";
        return new LabeledSplits(
                classes, images(root, classes, where, train), images(root, classes, where, validation));
    }

    private static Set<Integer> heldOut(int size, double share, long seed) {
        List<Integer> order = new ArrayList<>(IntStream.range(0, size).boxed().toList());
        SeededRandom.shuffle(order, SeededRandom.random(seed));
        return Set.copyOf(order.subList(0, (int) Math.round(size * share)));
    }

    /** @param where origin of the classes, for the error about an unknown name */
    private LabeledImages images(Path root, List<String> classes, String where, List<LabeledRow> rows) {
        List<Path> files = new ArrayList<>();
        List<int[]> labels = new ArrayList<>();
        for (LabeledRow row : rows) {
            Path image = root.resolve(row.image);
            if (!Files.isRegularFile(image)) throw problem(row.line, image + " does not exist");
            files.add(image);
            labels.add(row.names.stream()
                    .mapToInt(name -> label(row, name, classes, where))
                    .distinct()
                    .sorted()
                    .toArray());
        }
        return new LabeledImages(files, labels);
    }

    private int label(LabeledRow row, String name, List<String> classes, String where) {
        int label = UnicodeNames.indexOf(classes, name);
        if (label < 0) throw problem(row.line, "no class '" + name + "' " + where + Suggestions.hint(name, classes));
        return label;
    }

    private ConfigError problem(int line, String text) {
        return new ConfigError(file + ":" + line + ": " + text);
    }
}
