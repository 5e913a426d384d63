package org.vit4j.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
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
 * <p>A problem does not stop the reading: it is noted with file, line and path, a stand-in is returned, and
 * {@link Config#finish()} reports all of them at once. What was read, defaults included, is remembered, so that the
 * resolved config of a run can be written down in full.
 */
public final class Section {
    private final Yaml.YamlMapping yaml;
    private final String path;
    private final List<String> problems;
    private final Map<String, Object> resolved = new LinkedHashMap<>();
    private final TreeSet<String> known = new TreeSet<>();
    private final int problemsBefore;

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
        return required(key, this::parseInt, 1);
    }

    public int intAt(String key, int standard) {
        return optional(key, this::parseInt, standard);
    }

    public long longAt(String key, long standard) {
        return optional(key, value -> parse(value, "a whole number", Long::parseLong), standard);
    }

    public double doubleAt(String key) {
        return required(key, this::parseDouble, 1.0);
    }

    public double doubleAt(String key, double standard) {
        return optional(key, this::parseDouble, standard);
    }

    /** A whole number; 0 and words such as {@code false} and {@code off} stand for what switches it off. */
    public int intUnlessOff(String key, int standard, int off) {
        return optional(key, value -> Switch.isOff(value) ? off : parseInt(value), standard);
    }

    /** A number; words such as {@code false} and {@code off} stand for 0. */
    public double doubleUnlessOff(String key, double standard) {
        return optional(key, value -> Switch.isOff(value) ? 0 : parseDouble(value), standard);
    }

    /** A number that may be left out or switched off by {@code false}, {@code off} or {@code none}; 0 is a number. */
    public OptionalDouble optionalDouble(String key) {
        return has(key) && !Switch.isOffWord(value(key).orElseThrow())
                ? OptionalDouble.of(doubleAt(key))
                : OptionalDouble.empty();
    }

    public boolean boolAt(String key, boolean standard) {
        return optional(key, this::parseBool, standard);
    }

    public String stringAt(String key) {
        return required(key, this::parseString, "");
    }

    public String stringAt(String key, String standard) {
        return optional(key, this::parseString, standard);
    }

    /** A word that may be left out. */
    public Optional<String> optionalString(String key) {
        return has(key) ? Optional.of(stringAt(key)) : Optional.empty();
    }

    /** A path; {@code ~} is the home directory, see {@link UserPath}. */
    public Path pathAt(String key) {
        return path(key, stringAt(key));
    }

    public Path pathAt(String key, String standard) {
        return path(key, stringAt(key, standard));
    }

    private Path path(String key, String text) {
        try {
            if (text.isEmpty() && has(key)) reject(key, "expected a path, got ''");
            return UserPath.of(text);
        } catch (ConfigError e) {
            reject(key, e.getMessage());
            return Path.of("");
        }
    }

    /** A constant of an enum, written in lower case: {@code CROSS_ENTROPY} is {@code cross_entropy}. */
    public <E extends Enum<E>> E enumAt(String key, Class<E> type, E standard) {
        List<String> words = words(type);
        String word =
                optional(key, value -> parseWord(value, words), standard.name().toLowerCase(Locale.ROOT));
        return Enum.valueOf(type, word.toUpperCase(Locale.ROOT));
    }

    /** A word out of a list of known ones, required. */
    public String choiceAt(String key, List<String> words) {
        return required(key, value -> parseWord(value, words), words.get(0));
    }

    /** Whole numbers: a list, or a single one that stands for a list of one. */
    public List<Integer> intsAt(String key, List<Integer> standard) {
        return list(key, this::parseInt, standard);
    }

    public List<Double> doublesAt(String key, List<Double> standard) {
        return list(key, this::parseDouble, standard);
    }

    public List<String> stringsAt(String key, List<String> standard) {
        return list(key, this::parseString, standard);
    }

    public List<Boolean> boolsAt(String key, List<Boolean> standard) {
        return list(key, this::parseBool, standard);
    }

    /** A list of lists of whole numbers, such as the depths of two branches a stage. */
    public List<List<Integer>> intListsAt(String key, List<List<Integer>> standard) {
        return optional(key, value -> parseList(value, row -> parseList(row, this::parseInt)), standard);
    }

    /** Whether a key holds a section, where a bare value may stand as well. */
    public boolean isSection(String key) {
        known.add(key);
        return value(key).map(Yaml.YamlMapping.class::isInstance).orElse(false);
    }

    /** A section below this one; empty when it is not written. */
    public Section section(String key) {
        known.add(key);
        Yaml value = value(key).orElse(null);
        if (value != null && !(value instanceof Yaml.YamlMapping)) {
            problem(value.where(), key, "expected a section (keys below it), got " + Yaml.shown(value));
        }
        Yaml.YamlMapping below =
                value instanceof Yaml.YamlMapping mapping ? mapping : Yaml.YamlMapping.empty(yaml.where());
        Section section = new Section(below, pathTo(key), problems);
        resolved.put(key, section.resolved);
        return section;
    }

    /** A section that may be left out, or switched off by {@code null}, {@code false}, {@code off}, {@code none} or 0. */
    public Optional<Section> optionalSection(String key) {
        return has(key) && !isOff(key) ? Optional.of(section(key)) : Optional.empty();
    }

    /** Returns true if 0 or a word such as {@code false} or {@code off} stands in place of a section, list or number. */
    public boolean isOff(String key) {
        known.add(key);
        return value(key).map(Switch::isOff).orElse(false);
    }

    /**
     * Reads a section that may be left out or switched off, by {@link #optionalSection} or by its own values: then it is not part
     * of the resolved config.
     */
    public <T> Optional<T> optional(String key, Function<Section, Optional<T>> reader) {
        Optional<T> read = optionalSection(key).flatMap(reader);
        if (read.isEmpty()) resolved.remove(key);
        return read;
    }

    /**
     * A list of sections; empty when it is not written or switched off. A bare word stands for a section {@code {name: word}}.
     */
    public List<Section> sections(String key) {
        known.add(key);
        List<Section> sections = new ArrayList<>();
        List<Map<String, Object>> below = new ArrayList<>();
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
            below.add(section.resolved);
        }
        resolved.put(key, below);
        return sections;
    }

    /**
     * Makes the record. Its compact constructor states the rules and throws {@link IllegalArgumentException} with the
     * rule and the values; here file, line and path are added. When a key of this section was already wrong, the rule
     * is not reported besides, since it saw a stand-in.
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
     * What nobody asked for is an error, with its line and the nearest known key. Not what is {@code null}: so an inherited
     * key is taken out where another optimizer or arch does not know it.
     */
    public void rejectUnknownKeys() {
        for (String key : yaml.entries().keySet()) {
            if (value(key).isPresent() && known.add(key)) {
                known.remove(key);
                String where = yaml.keyWhere().get(key);
                String at = path.isEmpty() ? "" : path + ": ";
                String line = where + ": " + at + "unknown key '" + key + "'" + Suggestions.hint(key, known);
                if (!problems.contains(line)) problems.add(line);
            }
        }
    }

    /** Notes a problem of a key that only the caller can see. */
    public void reject(String key, String what) {
        problem(value(key).map(Yaml::where).orElse(yaml.where()), key, what);
    }

    /** Everything that was read, in order, defaults included. */
    Map<String, Object> resolved() {
        return resolved;
    }

    private Optional<Yaml> value(String key) {
        Yaml value = yaml.entries().get(key);
        boolean absent = value == null || (value instanceof Yaml.YamlScalar scalar && scalar.isNull());
        return absent ? Optional.empty() : Optional.of(value);
    }

    private <T> T optional(String key, Function<Yaml, T> parser, T standard) {
        known.add(key);
        T result = standard;
        Yaml value = value(key).orElse(null);
        if (value != null) {
            try {
                result = parser.apply(value);
            } catch (TypeMismatch e) {
                problem(e.where, key, e.getMessage());
            }
        }
        resolved.put(key, result);
        return result;
    }

    /** A list of one is remembered as the one, as people write it. */
    private <T> List<T> list(String key, Function<Yaml, T> parser, List<T> standard) {
        List<T> result = optional(key, value -> parseList(value, parser), standard);
        if (result.size() == 1) resolved.put(key, result.get(0));
        return result;
    }

    private <T> T required(String key, Function<Yaml, T> parser, T standIn) {
        if (value(key).isEmpty()) {
            known.add(key);
            problem(yaml.where(), key, "is missing");
        }
        return optional(key, parser, standIn);
    }

    private int parseInt(Yaml value) {
        return parse(value, "a whole number", Integer::parseInt);
    }

    private double parseDouble(Yaml value) {
        double number = parse(value, "a number", Double::parseDouble);
        if (!Double.isFinite(number))
            throw new TypeMismatch(value, "expected a finite number, got " + Yaml.shown(value));
        return number;
    }

    private boolean parseBool(Yaml value) {
        scalar(value, "true or false");
        if (Switch.isOff(value)) return false;
        if (Switch.isOn(value)) return true;
        throw new TypeMismatch(value, "expected true or false, got " + Yaml.shown(value));
    }

    private String parseString(Yaml value) {
        return scalar(value, "a word").text();
    }

    private String parseWord(Yaml value, List<String> words) {
        String word = scalar(value, "one of " + String.join(", ", words)).text();
        if (!words.contains(word))
            throw new TypeMismatch(value, "unknown value '" + word + "'" + Suggestions.hint(word, words));
        return word;
    }

    private <T> List<T> parseList(Yaml value, Function<Yaml, T> parser) {
        if (value instanceof Yaml.YamlSequence list)
            return list.items().stream().map(parser).toList();
        return List.of(parser.apply(value));
    }

    private static <T> T parse(Yaml value, String what, Function<String, T> parser) {
        Yaml.YamlScalar scalar = scalar(value, what);
        try {
            if (scalar.plain()) return parser.apply(scalar.text());
        } catch (NumberFormatException e) {
            // reported below, with file and line
        }
        throw new TypeMismatch(
                value, "expected " + what + ", got " + (scalar.plain() ? "" : "the text ") + Yaml.shown(value));
    }

    private static Yaml.YamlScalar scalar(Yaml value, String what) {
        if (value instanceof Yaml.YamlScalar scalar) return scalar;
        throw new TypeMismatch(value, "expected " + what + ", got " + Yaml.shown(value));
    }

    private void problem(String where, String key, String what) {
        String line = where + ": " + pathTo(key) + ": " + what;
        if (!problems.contains(line)) problems.add(line);
    }

    private String pathTo(String key) {
        return path.isEmpty() ? key : path + "." + key;
    }

    private static <E extends Enum<E>> List<String> words(Class<E> type) {
        Stream<E> constants = Arrays.stream(type.getEnumConstants());
        return constants
                .map(constant -> constant.name().toLowerCase(Locale.ROOT))
                .toList();
    }

    private static final class TypeMismatch extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final String where;

        TypeMismatch(Yaml value, String message) {
            super(message);
            this.where = value.where();
        }
    }
}
