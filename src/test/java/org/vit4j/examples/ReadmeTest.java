package org.vit4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
        "docs/checkpoints.md, ImportCheckpoint"
    })
    void codeSamplesInTheDocsEqualTheExampleClasses(String document, String example) throws IOException {
        String source = Files.readString(Path.of("src/test/java/org/vit4j/examples/" + example + ".java"));
        String shown = source.substring(source.indexOf("// begin\n") + 9, source.indexOf("// end"));
        assertThat(Files.readString(Path.of(document))).contains("```java\n" + shown + "```");
    }

    @Test
    void configsNamedInTheReadmeExist() throws IOException {
        var names = java.util.regex.Pattern.compile("configs/[a-z0-9_/-]+\\.yaml")
                .matcher(Files.readString(Path.of("README.md")));
        int found = 0;
        for (; names.find(); found++) assertThat(Path.of(names.group())).exists();
        assertThat(found).isPositive();
    }
}
