package org.vit4j.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Networks are short files, and neither they nor layers ask which implementation they reproduce. */
class NetworkFilesTest {
    private static final Path SOURCES = Path.of("src/main/java/org/vit4j");
    private static final int LONGEST_NETWORK = 200;

    /** Reads of a flavor, and flags that stand for one. */
    private static final Pattern FLAVOR_TEST = Pattern.compile("flavor ?[!=]=|[!=]= ?(Flavor\\.)?(OFFICIAL|COMMUNITY)"
            + "|switch \\(flavor|boolean (official|community|timm|authors|microsoft|plain)\\b");

    static Stream<Path> networks() throws IOException {
        return Stream.concat(sources("models"), sources("models/community"));
    }

    static Stream<Path> networksAndLayers() throws IOException {
        return Stream.concat(networks(), sources("layers"));
    }

    private static Stream<Path> sources(String directory) throws IOException {
        try (Stream<Path> files = Files.list(SOURCES.resolve(directory))) {
            List<Path> sources = files.filter(file -> file.toString().endsWith(".java"))
                    .sorted()
                    .toList();
            return sources.stream();
        }
    }

    @ParameterizedTest
    @MethodSource("networks")
    void aNetworkHasAtMost200Lines(Path file) throws IOException {
        assertThat(Files.readAllLines(file)).hasSizeLessThanOrEqualTo(LONGEST_NETWORK);
    }

    @ParameterizedTest
    @MethodSource("networksAndLayers")
    void noFileTestsTheFlavor(Path file) throws IOException {
        if (file.endsWith("Models.java")) return; // finds the reader of a flavor
        assertThat(Files.readAllLines(file))
                .noneMatch(line -> FLAVOR_TEST.matcher(line).find());
    }
}
