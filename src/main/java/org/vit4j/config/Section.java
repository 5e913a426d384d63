package org.vit4j.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * One mapping of a YAML file, read key by key into a typed record.
 *
 * <p>A problem does not stop the reading: it is recorded with file, line and path, a placeholder is returned, and
 * {@link Config#finish()} reports all problems at once. All values read, including defaults, are recorded for the
 * resolved config of a run.
 */
public final class Section {
    private final Yaml.YamlMapping yaml;
    private final String path;
    private final List<String> problems;
    private final Map<String, Object> resolved = new LinkedHashMap<>();
    private final TreeSet<String> known = new TreeSet<>();
    private final Map<String, Section> below = new LinkedHashMap<>();
    private final int problemsBefore;
    private Runnable completeProblem = () -> {};

    Section(Yaml.YamlMapping yaml, String path, List<String> problems) {
        this.yaml = yaml;
        this.path = path;
        this.problems = problems;
        this.problemsBefore = problems.size();
    }

    public boolean has(String key) {
        known.add(key);
        return value(key).isPresent();
    }

    public int intAt(String key) {
        return required(key, YamlValues::parseInt, 1);
    }

    public int intAt(String key, int fallback) {
        return optional(key, YamlValues::parseInt, fallback);
    }

    public long longAt(String key, long fallback) {
        return optional(key, YamlValues::parseLong, fallback);
    }

    public double doubleAt(String key) {
        return required(key, YamlValues::parseDouble, 1.0);
    }

    public double doubleAt(String key, double fallback) {
        return optional(key, YamlValues::parseDouble, fallback);
    }

    /**
     * An integer; 0 and words such as {@code false} and {@code off} are read as {@code off}, the value that disables
     * the feature.
     */
    public int intUnlessOff(String key, int fallback, int off) {
        return optional(key, value -> Switch.isOff(value) ? off : YamlValues.parseInt(value), fallback);
    }

    /** A number; words such as {@code false} and {@code off} are read as 0. */
    public double doubleUnlessOff(String key, double fallback) {
        return optional(key, value -> Switch.isOff(value) ? 0 : YamlValues.parseDouble(value), fallback);
    }

    /** An optional number; empty also for {@code false}, {@code off} and {@code none}, but not for 0. */
    public OptionalDouble optionalDouble(String key) {
        return has(key) && !Switch.isOffWord(value(key).orElseThrow())
                ? OptionalDouble.of(doubleAt(key))
                : OptionalDouble.empty();
    }

    public boolean boolAt(String key, boolean fallback) {
        return optional(key, YamlValues::parseBool, fallback);
    }

    public String stringAt(String key) {
        return required(key, YamlValues::parseString, "");
    }

    public String stringAt(String key, String fallback) {
        return optional(key, YamlValues::parseString, fallback);
    }

    /** An optional string. */
    public Optional<String> optionalString(String key) {
        return has(key) ? Optional.of(stringAt(key)) : Optional.empty();
    }

    /** A path; {@code ~} is the home directory, see {@link UserPath}. */
    public Path pathAt(String key) {
        return path(key, stringAt(key));
    }

    public Path pathAt(String key, String fallback) {
        return path(key, stringAt(key, fallback));
    }

    private Path path(String key, String text) {
        try {
            if (!text.isEmpty()) return UserPath.of(text);
            if (has(key)) reject(key, "expected a path, got ''");
            return Path.of("");
        } catch (ConfigError e) {
            reject(key, e.getMessage());
            return Path.of("");
        }
    }

    /** A constant of an enum, written in lower case: {@code CROSS_ENTROPY} is {@code cross_entropy}. */
    public <E extends Enum<E>> E enumAt(String key, Class<E> type, E fallback) {
        List<String> words = YamlValues.words(type);
        String word = optional(
                key,
                value -> YamlValues.parseWord(value, words),
                fallback.name().toLowerCase(Locale.ROOT));
        return Enum.valueOf(type, word.toUpperCase(Locale.ROOT));
    }

    /** A required string, which must be one of the given words. */
    public String choiceAt(String key, List<String> words) {
        return required(key, value -> YamlValues.parseWord(value, words), words.get(0));
    }

    /** An optional string, which must be one of the given words. */
    public String choiceAt(String key, List<String> words, String fallback) {
        return optional(key, value -> YamlValues.parseWord(value, words), fallback);
    }

    /** Integers: a list, or a single value for a list of length 1. */
    public List<Integer> intsAt(String key, List<Integer> fallback) {
        return list(key, YamlValues::parseInt, fallback);
    }

    /** Height and width: one number for a square, or [height, width]. */
    public int[] heightWidthAt(String key, int fallback) {
        List<Integer> written = intsAt(key, List.of(fallback));
        if (written.size() == 1) return new int[] {written.get(0), written.get(0)};
        if (written.size() != 2) reject(key, "expected one number or [height, width], got " + written);
        return written.size() == 2 ? new int[] {written.get(0), written.get(1)} : new int[] {fallback, fallback};
    }

    public List<Double> doublesAt(String key, List<Double> fallback) {
        return list(key, YamlValues::parseDouble, fallback);
    }

    public List<String> stringsAt(String key, List<String> fallback) {
        return list(key, YamlValues::parseString, fallback);
    }

    public List<Boolean> boolsAt(String key, List<Boolean> fallback) {
        return list(key, YamlValues::parseBool, fallback);
    }

    /** A list of lists of integers, such as the depths of two branches per stage. */
    public List<List<Integer>> intListsAt(String key, List<List<Integer>> fallback) {
        return optional(
                key,
                value -> YamlValues.parseList(value, row -> YamlValues.parseList(row, YamlValues::parseInt)),
                fallback);
    }

    /** Returns true if the value of the key is a section, for keys that also accept a plain value. */
    public boolean isSection(String key) {
        known.add(key);
        return value(key).map(Yaml.YamlMapping.class::isInstance).orElse(false);
    }

    /** Returns true if the value is a list with a section in it, for lists that also accept plain words. */
    public boolean isListWithSections(String key) {
        known.add(key);
        return value(key).filter(Yaml.YamlSequence.class::isInstance).stream()
                .flatMap(list -> ((Yaml.YamlSequence) list).items().stream())
                .anyMatch(Yaml.YamlMapping.class::isInstance);
    }

    /** Numbers by name, a section whose keys are not known in advance. */
    public Map<String, Double> numbersAt(String key) {
        return optional(key, value -> YamlValues.parseMap(value, YamlValues::parseDouble), Map.of());
    }

    /** Words by name, a section whose keys are not known in advance; names with dots are one key. */
    public Map<String, String> stringsByName(String key) {
        return optional(key, value -> YamlValues.parseMap(value, YamlValues::parseString), Map.of());
    }

    /** Constants of an enum, written in lower case: a list, or a single word. */
    public <E extends Enum<E>> List<E> enumsAt(String key, Class<E> type, List<E> fallback) {
        List<String> words = YamlValues.words(type);
        List<String> written = list(
                key,
                value -> YamlValues.parseWord(value, words),
                fallback.stream().map(YamlValues::word).toList());
        return written.stream()
                .map(word -> Enum.valueOf(type, word.toUpperCase(Locale.ROOT)))
                .toList();
    }

    /** A section below this one; a section without keys if it is absent. */
    public Section section(String key) {
        known.add(key);
        Yaml value = value(key).orElse(null);
        Section section = value == null || value instanceof Yaml.YamlMapping
                ? new Section(
                        value instanceof Yaml.YamlMapping mapping ? mapping : Yaml.YamlMapping.empty(yaml.where()),
                        pathTo(key),
                        problems)
                : notASection(key, value);
        resolved.put(key, section.resolved);
        below.put(key, section);
        return section;
    }

    /**
     * Reports that a value is not a section. Returns one without keys, whose own problems are not reported and which is never
     * built; the keys that are read from it complete the message.
     */
    private Section notASection(String key, Yaml value) {
        String line =
                value.where() + ": " + pathTo(key) + ": expected a section (keys below it), got " + Yaml.shown(value);
        if (!problems.contains(line)) problems.add(line);
        Section section = new Section(Yaml.YamlMapping.empty(value.where()), pathTo(key), new ArrayList<>());
        section.problems.add(line);
        section.completeProblem = () -> Suggestions.completeWithKeys(problems, line, value, section.known);
        return section;
    }

    /** A section that may be absent, or switched off by {@code null}, {@code false}, {@code off}, {@code none} or 0. */
    public Optional<Section> optionalSection(String key) {
        return has(key) && !isOff(key) ? Optional.of(section(key)) : Optional.empty();
    }

    /** Returns true if the value is 0 or a word such as {@code false} or {@code off}. */
    public boolean isOff(String key) {
        known.add(key);
        return value(key).map(Switch::isOff).orElse(false);
    }

    /** Returns true if the value is 1 or a word such as {@code true} or {@code on}. */
    public boolean isOn(String key) {
        known.add(key);
        return value(key).map(Switch::isOn).orElse(false);
    }

    /**
     * Reads a section that may be absent or switched off, by {@link #optionalSection} or by its own values. In these
     * cases it is not part of the resolved config.
     */
    public <T> Optional<T> optional(String key, Function<Section, Optional<T>> reader) {
        Optional<T> read = optionalSection(key).flatMap(reader);
        if (read.isEmpty()) resolved.remove(key);
        return read;
    }

    /**
     * A list of sections; empty if it is absent or switched off. A plain word is read as a section {@code {name:
     * word}}.
     */
    public List<Section> sections(String key) {
        known.add(key);
        List<Section> sections = new ArrayList<>();
        List<Map<String, Object>> items = new ArrayList<>();
        Yaml value = value(key).orElse(null);
        if (value == null || Switch.isOff(value)) return sections;
        if (!(value instanceof Yaml.YamlSequence list)) {
            problem(value.where(), key, "expected a list, got " + Yaml.shown(value));
            return sections;
        }
        for (int i = 0; i < list.items().size(); i++) {
            Yaml item = list.items().get(i);
            Yaml.YamlMapping mapping = Yaml.YamlMapping.empty(item.where());
            if (item instanceof Yaml.YamlMapping written) mapping = written;
            else if (item instanceof Yaml.YamlScalar word) mapping.put("name", word, word.where());
            else problem(item.where(), key, "expected a section or a word, got " + Yaml.shown(item));
            Section section = new Section(mapping, pathTo(key) + "[" + i + "]", problems);
            sections.add(section);
            items.add(section.resolved);
        }
        resolved.put(key, items);
        return sections;
    }

    /**
     * Creates the record of this section. Its compact constructor checks the values and throws
     * {@link IllegalArgumentException}; file, line and path are added here. If a value of this section could not be
     * read, the record is not created, since placeholders would violate its rules.
     */
    public <T> Optional<T> build(Supplier<T> record) {
        rejectUnknownKeys();
        if (problems.size() > problemsBefore) return Optional.empty();
        try {
            return Optional.of(record.get());
        } catch (IllegalArgumentException rule) {
            String key = rule instanceof Checks.InvalidValueException invalid ? invalid.key() : "";
            String where = value(key).map(Yaml::where).orElse(yaml.where());
            problems.add(where + ": " + (path.isEmpty() ? "" : path + ": ") + rule.getMessage());
            return Optional.empty();
        }
    }

    /**
     * Rejects keys that were not read, with line and nearest known key. Keys with the value {@code null} are ignored:
     * they remove an inherited key that another optimizer or architecture does not have.
     */
    public void rejectUnknownKeys() {
        completeProblem.run();
        for (String key : yaml.entries().keySet()) {
            if (known.contains(key)) continue;
            // {weight_decay: 0,05} has a key 05 without a value.
            boolean number = value(key).isEmpty() && key.matches("\\d+");
            if (value(key).isEmpty() && !number) continue;
            String line = yaml.keyWhere().get(key) + ": " + (path.isEmpty() ? "" : path + ": ") + "unknown key '" + key
                    + "'" + (number ? "; a number has a decimal point, not a comma" : hint(key));
            if (!problems.contains(line)) problems.add(line);
        }
    }

    /** Suggests a key of this section, else the key of that name in a section below. */
    private String hint(String key) {
        Optional<String> elsewhere = Suggestions.nearest(key, known).isPresent() ? Optional.empty() : pathBelow(key);
        return elsewhere.map(found -> ", did you mean '" + found + "'?").orElseGet(() -> Suggestions.hint(key, known));
    }

    private Optional<String> pathBelow(String key) {
        return below.entrySet().stream()
                .flatMap(entry -> entry.getValue().known.contains(key)
                        ? Stream.of(entry.getValue().pathTo(key))
                        : entry.getValue().pathBelow(key).stream())
                .findFirst();
    }

    /** Records a problem that the caller found with the value of a key. */
    public void reject(String key, String problem) {
        problem(value(key).map(Yaml::where).orElse(yaml.where()), key, problem);
    }

    /** All values read, in order, including defaults. */
    Map<String, Object> resolved() {
        return resolved;
    }

    private Optional<Yaml> value(String key) {
        Yaml value = yaml.entries().get(key);
        boolean absent = value == null || (value instanceof Yaml.YamlScalar scalar && scalar.isNull());
        return absent ? Optional.empty() : Optional.of(value);
    }

    private <T> T optional(String key, Function<Yaml, T> parser, T fallback) {
        known.add(key);
        T result = fallback;
        Yaml value = value(key).orElse(null);
        if (value != null) {
            try {
                result = parser.apply(value);
            } catch (TypeMismatch e) {
                problem(e.where(), key, e.getMessage());
            }
        }
        resolved.put(key, result);
        return result;
    }

    /** A list of length 1 is recorded as its element, as it is usually written. */
    private <T> List<T> list(String key, Function<Yaml, T> parser, List<T> fallback) {
        List<T> result = optional(key, value -> YamlValues.parseList(value, parser), fallback);
        if (result.size() == 1) resolved.put(key, result.get(0));
        return result;
    }

    private <T> T required(String key, Function<Yaml, T> parser, T placeholder) {
        if (value(key).isEmpty()) {
            known.add(key);
            problem(yaml.where(), key, "is missing");
        }
        return optional(key, parser, placeholder);
    }

    private void problem(String where, String key, String problem) {
        String line = where + ": " + pathTo(key) + ": " + problem;
        if (!problems.contains(line)) problems.add(line);
    }

    private String pathTo(String key) {
        return path.isEmpty() ? key : path + "." + key;
    }
}
