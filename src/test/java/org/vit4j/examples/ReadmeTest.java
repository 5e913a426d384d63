package org.vit4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ReadmeTest {
    @Test
    void theExampleInTheReadmeIsTheOneThatCompiles() throws IOException {
        String source = Files.readString(Path.of("src/test/java/org/vit4j/examples/QuickStart.java"));
        String example = source.substring(source.indexOf("// begin\n") + 9, source.indexOf("// end"));
        assertThat(Files.readString(Path.of("README.md"))).contains("```java\n" + example + "```");
    }

    @Test
    void everyConfigTheReadmeNamesExists() throws IOException {
        var names = java.util.regex.Pattern.compile("configs/[a-z0-9_/-]+\\.yaml")
                .matcher(Files.readString(Path.of("README.md")));
        int found = 0;
        for (; names.find(); found++) assertThat(Path.of(names.group())).exists();
        assertThat(found).isPositive();
    }
}
