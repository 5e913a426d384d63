package org.vit4j.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import org.vit4j.config.ConfigError;

/** Pages that a command writes. */
final class HtmlFiles {
    private HtmlFiles() {}

    /** @throws ConfigError if the file exists and is no page by its name: a run's other files must not be overwritten */
    static void checkTarget(Path file) {
        String name = file.toString();
        if (Files.exists(file) && !name.endsWith(".html") && !name.endsWith(".htm"))
            throw new ConfigError("-o " + file + ": exists and is not an .html file; choose another file");
    }
}
