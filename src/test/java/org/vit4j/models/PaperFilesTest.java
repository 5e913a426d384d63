package org.vit4j.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Rules for the files of the networks: short, and written for one reference implementation. */
class PaperFilesTest {
    private static final int LONGEST_FILE = 200;
    private static final Path MODELS = Path.of("src/main/java/org/vit4j/models");

    /** Files of the package that are not networks. */
    private static final Set<String> OTHERS = Set.of(
            "Architecture.java",
            "Flavor.java",
            "ImageSpec.java",
            "Model.java",
            "ModelConfig.java",
            "Models.java",
            "package-info.java");

    private static final Pattern COMMENTS = Pattern.compile("/\\*.*?\\*/|//[^\\n]*", Pattern.DOTALL);
    private static final Pattern STRINGS = Pattern.compile("\"(\\\\.|[^\"\\\\])*\"");
    private static final Pattern COMMUNITY_FLAVOR =
            Pattern.compile("public Flavor flavor\\(\\) \\{\\s+return Flavor.COMMUNITY;\\s+}");
    private static final Pattern FLAVOR_FLAG =
            Pattern.compile("boolean (official|community|timm|authors|microsoft|plain)\\b");
    private static final Pattern FLAVOR_IMPORT = Pattern.compile("import org.vit4j.models.Flavor;");

    static Stream<Path> networks() throws IOException {
        return files(MODELS).filter(file -> !OTHERS.contains(file.getFileName().toString()));
    }

    static Stream<Path> communityNetworks() throws IOException {
        return files(MODELS.resolve("community"))
                .filter(file -> !file.getFileName().toString().equals("package-info.java"));
    }

    static Stream<Path> layers() throws IOException {
        return files(Path.of("src/main/java/org/vit4j/layers"));
    }

    private static Stream<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> all = files.filter(file -> file.toString().endsWith(".java"))
                    .sorted()
                    .toList();
            return all.stream();
        }
    }

    @ParameterizedTest
    @MethodSource({"networks", "communityNetworks"})
    void fileIsShort(Path file) throws IOException {
        assertThat(Files.readAllLines(file)).hasSizeLessThanOrEqualTo(LONGEST_FILE);
    }

    @ParameterizedTest
    @MethodSource("networks")
    void networkDoesNotUseTheFlavor(Path file) throws IOException {
        assertThat(code(file)).doesNotContainIgnoringCase("flavor");
    }

    /** A community network overrides {@code flavor()} and uses the flavor nowhere else. */
    @ParameterizedTest
    @MethodSource("communityNetworks")
    void communityNetworkOnlyDeclaresItsFlavor(Path file) throws IOException {
        String code = FLAVOR_IMPORT.matcher(code(file)).replaceFirst("");
        assertThat(COMMUNITY_FLAVOR.matcher(code).replaceFirst("")).doesNotContainIgnoringCase("flavor");
    }

    @ParameterizedTest
    @MethodSource("layers")
    void layerDoesNotUseTheFlavor(Path file) throws IOException {
        assertThat(code(file)).doesNotContainIgnoringCase("flavor").doesNotContainPattern(FLAVOR_FLAG);
    }

    @ParameterizedTest
    @MethodSource({"networks", "communityNetworks"})
    void buildFollowsTheRecordHeader(Path file) throws IOException {
        String code = code(file);
        int header = code.indexOf("implements ModelConfig {");
        if (header < 0) return; // part of a network
        int build = code.indexOf("public Graph build()");
        String between = code.substring(header + "implements ModelConfig {".length(), build);
        assertThat(between).as("code before build()").doesNotContain("{");
    }

    /** Returns the source without comments and strings. */
    private static String code(Path file) throws IOException {
        String withoutComments = COMMENTS.matcher(Files.readString(file)).replaceAll("");
        return STRINGS.matcher(withoutComments).replaceAll("");
    }
}
