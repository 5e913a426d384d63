package org.vit4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Code samples and file names in README.md and docs. */
class ReadmeTest {
    @ParameterizedTest
    @CsvSource({
        "README.md, QuickStart",
        "docs/interop.md, ExportModel",
        "docs/interop.md, RunOnnx",
        "docs/interop.md, PlainSameDiff",
        "docs/checkpoints.md, ImportCheckpoint",
        "docs/dl4j.md, FineTuneInDl4j",
        "docs/library.md, FineTune",
        "docs/library.md, TrackedTraining"
    })
    void codeSamplesInTheDocsEqualTheExampleClasses(String document, String example) throws IOException {
        String source = Files.readString(Path.of("src/test/java/org/vit4j/examples/" + example + ".java"));
        String shown = source.substring(source.indexOf("// begin\n") + 9, source.indexOf("// end"));
        assertThat(Files.readString(Path.of(document))).contains("```java\n" + shown + "```");
    }

    @Test
    void configsNamedInTheReadmeExist() throws IOException {
        var names = Pattern.compile("configs/[a-z0-9_/-]+\\.yaml").matcher(Files.readString(Path.of("README.md")));
        int found = 0;
        for (; names.find(); found++) assertThat(Path.of(names.group())).exists();
        assertThat(found).isPositive();
    }

    private static List<Path> documents() throws IOException {
        List<Path> documents = new ArrayList<>(List.of(
                Path.of("README.md"), Path.of("CHANGELOG.md"), Path.of("CONTRIBUTING.md"), Path.of("SECURITY.md")));
        try (Stream<Path> docs = Files.walk(Path.of("docs"))) {
            docs.filter(file -> file.toString().endsWith(".md")).forEach(documents::add);
        }
        return documents;
    }

    @Test
    void linkedFilesExist() throws IOException {
        Pattern link = Pattern.compile("]\\((?!https?:)([^)#]+)(#[^)]*)?\\)");
        for (Path document : documents()) {
            Matcher links = link.matcher(Files.readString(document));
            while (links.find()) {
                Path target = document.resolveSibling(links.group(1));
                assertThat(target).as("link in " + document).exists();
            }
        }
    }

    @Test
    void architecturePageListsEveryPackage() throws IOException {
        Set<String> packages = new TreeSet<>();
        for (String root : List.of("src/main/java/org/vit4j", "src/spark/java/org/vit4j")) {
            Path base = Path.of(root);
            try (Stream<Path> files = Files.walk(base)) {
                files.filter(file ->
                                file.endsWith("package-info.java") && !file.equals(base.resolve(file.getFileName())))
                        .forEach(file -> packages.add(
                                base.relativize(file.getParent()).toString().replace(File.separatorChar, '.')));
            }
        }
        Set<String> listed = new TreeSet<>();
        Matcher rows = Pattern.compile("(?m)^\\| `([a-z0-9.]+)` \\|")
                .matcher(Files.readString(Path.of("docs/architecture.md")));
        while (rows.find()) listed.add(rows.group(1));
        assertThat(listed).isEqualTo(packages);
    }

    @Test
    void testsNamedInTheDocsExist() throws IOException {
        Set<String> tests = new TreeSet<>();
        for (String root : List.of("src/test/java", "src/spark/test/java")) {
            try (Stream<Path> files = Files.walk(Path.of(root))) {
                files.forEach(file -> tests.add(file.getFileName().toString().replace(".java", "")));
            }
        }
        Pattern test = Pattern.compile("`([A-Z]\\w+Test)`");
        for (Path document : documents()) {
            Matcher names = test.matcher(Files.readString(document));
            while (names.find())
                assertThat(tests).as("test named in " + document).contains(names.group(1));
        }
    }
}
