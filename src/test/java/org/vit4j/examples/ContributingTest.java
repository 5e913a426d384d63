package org.vit4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Applies the examples of CONTRIBUTING.md to the sources and compiles them: a block of Java is a new file, a block of diff
 * changes one. The result is used from the command line.
 */
@Tag("slow")
class ContributingTest {
    private static final Path SOURCES = Path.of("src/main/java/org/vit4j");
    private static final Pattern EXAMPLE =
            Pattern.compile("\\*\\*`([^`]+)`\\*\\*\n\n```(java|diff)\n(.*?)```", Pattern.DOTALL);
    private static final String NETWORK = """
            model: {arch: mixer, image: {size: 32, channels: 1}, classes: 10, patch_size: 8, dim: 32, depth: 2}
            data:
              dataset: digits
              augment: [{name: resize, size: 32}, {name: random_grayscale, p: 0.5}]
            train: {epochs: 1, batch: 64, optimizer: {name: rmsprop, lr: 0.001}}
            output: {dir: run}
            """;

    @TempDir
    static Path directory;

    private static Path classes;

    @BeforeAll
    static void compileTheExamples() throws IOException {
        Map<Path, String> changed = examples(Files.readString(Path.of("CONTRIBUTING.md")));
        List<String> arguments =
                new ArrayList<>(List.of("-proc:none", "-implicit:none", "-nowarn", "-cp", classPath()));
        classes = Files.createDirectories(directory.resolve("classes"));
        arguments.addAll(List.of("-d", classes.toString()));
        for (Map.Entry<Path, String> file : changed.entrySet()) {
            Path copy = directory.resolve("sources").resolve(SOURCES.relativize(file.getKey()));
            Files.createDirectories(copy.getParent());
            arguments.add(Files.writeString(copy, file.getValue()).toString());
        }
        for (Path reader : readers()) if (!changed.containsKey(reader)) arguments.add(reader.toString());
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        assertThat(compiler.run(null, null, null, arguments.toArray(String[]::new)))
                .as("errors of the compiler")
                .isZero();
    }

    /** Returns the text of each new or changed file. */
    private static Map<Path, String> examples(String page) throws IOException {
        Map<Path, String> changed = new LinkedHashMap<>();
        Matcher example = EXAMPLE.matcher(page);
        while (example.find()) {
            Path file = SOURCES.resolve(example.group(1));
            if (example.group(2).equals("java")) {
                assertThat(file).as("a new file").doesNotExist();
                changed.put(file, example.group(3));
            } else {
                String source = changed.containsKey(file) ? changed.get(file) : Files.readString(file);
                for (String hunk : example.group(3).split("(?m)^@@\n")) source = patched(file, source, hunk);
                changed.put(file, source);
            }
        }
        return changed;
    }

    private static String patched(Path file, String source, String hunk) {
        String old = side(hunk, '+');
        assertThat(source).as(file + " contains once:\n" + old).containsOnlyOnce(old);
        return source.replace(old, side(hunk, '-'));
    }

    /** Returns one side of a diff: the lines that do not start with the sign of the other. */
    private static String side(String hunk, char other) {
        return hunk.lines()
                .filter(line -> line.charAt(0) != other)
                .map(line -> line.substring(1) + "\n")
                .collect(Collectors.joining());
    }

    /** Files with a visitor of operations, which must compile with the new operation. */
    private static List<Path> readers() throws IOException {
        List<Path> readers = new ArrayList<>();
        try (Stream<Path> files = Files.walk(SOURCES)) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".java")).toList()) {
                if (Files.readString(file).contains("Visitor<")) readers.add(file);
            }
        }
        return readers;
    }

    private static String classPath() {
        if (!(ContributingTest.class.getClassLoader() instanceof URLClassLoader loader)) {
            return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        }
        return Stream.of(loader.getURLs()).map(ContributingTest::path).collect(Collectors.joining(File.pathSeparator));
    }

    private static String path(URL url) {
        try {
            return Path.of(new URI(url.toString())).toString();
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static String vit4j(int code, String... words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx1g",
                "-XX:TieredStopAtLevel=1"));
        command.addAll(List.of("-XX:+UseSerialGC", "-cp", classes + File.pathSeparator + classPath()));
        command.add("org.vit4j.Main");
        command.addAll(List.of(words));
        File out = directory.resolve("out.txt").toFile();
        Process process = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(out)
                .start();
        int actual = process.waitFor();
        String text = Files.readString(out.toPath());
        assertThat(actual).as(text).isEqualTo(code);
        return text;
    }

    @ParameterizedTest
    @CsvSource({
        "Add a network, 2",
        "Add an operation, 11",
        "Add an optimizer, 2",
        "Add a transform, 2",
        "Add an option to a command, 1"
    })
    void exampleChangesTheStatedNumberOfFiles(String heading, int files) throws IOException {
        String page = Files.readString(Path.of("CONTRIBUTING.md"));
        String section = page.substring(page.indexOf("\n## " + heading + "\n"));
        int end = section.indexOf("\n## ", 1);
        assertThat(examples(end < 0 ? section : section.substring(0, end))).hasSize(files);
    }

    @Test
    void networkHasTheParametersOfItsTable() throws Exception {
        Files.writeString(directory.resolve("mixer.yaml"), "model: {arch: mixer, image: {size: 224}, classes: 1000}");
        assertThat(vit4j(0, "summary", "mixer.yaml", "--depth", "1"))
                .contains("parameters 59,880,472")
                .contains("\nhead ")
                .doesNotContain("blocks.0");
        assertThat(vit4j(2, "summary", "mixer.yaml", "--depth", "0")).contains("--depth 0: expected at least 1");
    }

    @Test
    void networkTrainsWithTheOptimizerAndTheTransform() throws Exception {
        Files.writeString(directory.resolve("digits-mixer.yaml"), NETWORK);
        assertThat(vit4j(0, "train", "digits-mixer.yaml")).contains("validation accuracy");
        assertThat(directory.resolve("run/model.keras")).isNotEmptyFile();
    }
}
