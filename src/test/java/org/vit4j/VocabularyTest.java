package org.vit4j;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Forbidden words and Javadoc beginnings in sources, docs, configs, notebooks and scripts. The words and their
 * exceptions are in src/test/resources/org/vit4j/vocabulary.
 */
class VocabularyTest {
    private static final Path LISTS = Path.of("src/test/resources/org/vit4j/vocabulary");
    private static final List<String> ROOTS = List.of(
            "src", "docs", "configs", "notebooks", "checks", "bench", "README.md", "CHANGELOG.md", "pom.xml", "vit4j");
    private static final Set<String> TEXT = Set.of(
            "java",
            "md",
            "yaml",
            "yml",
            "sh",
            "py",
            "txt",
            "xml",
            "html",
            "css",
            "js",
            "json",
            "properties",
            "ipynb",
            "zpln",
            "args",
            "jsh",
            "");
    private static final List<String> SKIPPED = List.of(
            LISTS.toString(), "src/test/resources/goldens", "src/test/resources/org/vit4j/golden", "notebooks/runs");

    private static final Pattern WORD_BOUNDARY =
            Pattern.compile("(?<=[a-z\\d])(?<![vV]isit)(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])");
    private static final Pattern JAVADOC_START = Pattern.compile(
            "/\\*\\*\\s*(?:\\*\\s*)?(What|Who|How|Where|Whether|The same|So many|That|Every thing that)\\b");
    private static final Pattern DOCSTRING_START =
            Pattern.compile("\"\"\"\\s*(What|Who|How|Where|Whether|The same|So many|That)\\b");

    /** A forbidden word with its replacement. */
    private record ForbiddenWord(Pattern pattern, String replacement) {}

    /** Words that the files of a glob may contain. */
    private record AllowedWords(PathMatcher files, Set<String> words) {}

    /** A line of a file. */
    private record Line(int number, String text) {}

    private final List<ForbiddenWord> forbidden = lines(LISTS.resolve("forbidden.txt")).stream()
            .map(line -> line.split(" -> ", 2))
            .map(parts -> new ForbiddenWord(word(parts[0]), parts[1]))
            .toList();

    private final List<AllowedWords> allowed = lines(LISTS.resolve("allowed.txt")).stream()
            .map(line -> Arrays.asList(line.split("\\s+")))
            .map(parts -> new AllowedWords(
                    FileSystems.getDefault().getPathMatcher("glob:" + parts.get(0)),
                    Set.copyOf(parts.subList(1, parts.size()))))
            .toList();

    private final Pattern anyForbidden =
            word(forbidden.stream().map(word -> word.pattern.pattern()).collect(Collectors.joining("|")));

    private static Pattern word(String regex) {
        return Pattern.compile("(?<![\\p{L}\\d])(?:" + regex + ")(?![\\p{L}])", Pattern.CASE_INSENSITIVE);
    }

    private static List<String> lines(Path list) {
        return read(list)
                .lines()
                .filter(line -> !line.isBlank() && !line.startsWith("#"))
                .toList();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(file.toString(), e);
        }
    }

    private static List<Path> files() throws IOException {
        List<Path> files = new ArrayList<>();
        for (String root : ROOTS) {
            try (Stream<Path> below = Files.walk(Path.of(root))) {
                below.filter(Files::isRegularFile)
                        .filter(file -> TEXT.contains(extension(file)))
                        .filter(file -> SKIPPED.stream().noneMatch(file.toString()::startsWith))
                        .sorted()
                        .forEach(files::add);
            }
        }
        return files;
    }

    private static String extension(Path file) {
        String name = file.getFileName().toString();
        return name.contains(".") ? name.substring(name.lastIndexOf('.') + 1) : "";
    }

    /** Lines of a file. Outputs of notebooks are left out: they are updated by running the notebook. */
    private static List<Line> content(Path file) throws IOException {
        String kind = extension(file);
        if (!kind.equals("ipynb") && !kind.equals("zpln")) return numbered(read(file));
        JsonNode notebook = new ObjectMapper().readTree(file.toFile());
        StringBuilder text = new StringBuilder();
        for (JsonNode cell : notebook.path("cells")) {
            for (JsonNode line : cell.path("source")) text.append(line.asText());
            text.append('\n');
        }
        for (JsonNode paragraph : notebook.path("paragraphs")) {
            text.append(paragraph.path("text").asText()).append('\n');
        }
        return numbered(text.toString());
    }

    private static List<Line> numbered(String text) {
        List<Line> lines = new ArrayList<>();
        for (String line : text.split("\n", -1)) lines.add(new Line(lines.size() + 1, line));
        return lines;
    }

    /** Splits identifiers into words, except names of visitor methods such as {@code visitFile}. */
    private static String words(String line) {
        return WORD_BOUNDARY.matcher(line).replaceAll(" ").replace('_', ' ');
    }

    private Set<String> allowed(Path file) {
        return allowed.stream()
                .filter(exception -> exception.files.matches(file))
                .flatMap(exception -> exception.words.stream())
                .collect(Collectors.toSet());
    }

    private List<String> forbiddenWords(Path file) throws IOException {
        List<String> found = new ArrayList<>();
        Set<String> exceptions = allowed(file);
        for (Line line : content(file)) {
            String text = line.text;
            for (String exception : exceptions) text = text.replace(exception, "");
            String words = words(text);
            if (!anyForbidden.matcher(words).find()) continue;
            for (ForbiddenWord word : forbidden) {
                Matcher match = word.pattern.matcher(words);
                while (match.find()) {
                    found.add(String.format(
                            Locale.ROOT, "%s:%d: '%s'; use: %s", file, line.number, match.group(), word.replacement));
                }
            }
        }
        return found;
    }

    @Test
    void forbiddenWordsAreNotUsed() throws IOException {
        List<String> found = new ArrayList<>();
        for (Path file : files()) found.addAll(forbiddenWords(file));
        assertThat(found.size())
                .as("forbidden words:%n%s", String.join("\n", found))
                .isZero();
    }

    @Test
    void documentationStartsWithANounPhraseOrAVerb() throws IOException {
        List<String> found = new ArrayList<>();
        for (Path file : files()) {
            Pattern start = extension(file).equals("java") ? JAVADOC_START : DOCSTRING_START;
            if (!extension(file).equals("java") && !extension(file).equals("py")) continue;
            String text = read(file);
            Matcher match = start.matcher(text);
            while (match.find()) {
                long number = text.substring(0, match.start(1)).lines().count();
                found.add(file + ":" + number + ": documentation starts with '" + match.group(1) + "'");
            }
        }
        assertThat(found.size())
                .as("documentation:%n%s", String.join("\n", found))
                .isZero();
    }

    @Test
    void wordsWithinIdentifiersAreFound() {
        Pattern nobody = word("nobody|somebody");
        assertThat(nobody.matcher(words("aRunThatNobodyStops()")).find()).isTrue();
        assertThat(nobody.matcher(words("NOBODY_KNOWS")).find()).isTrue();
        assertThat(word("mends?").matcher(words("recommended")).find()).isFalse();
    }
}
