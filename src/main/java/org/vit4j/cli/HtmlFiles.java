package org.vit4j.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import org.vit4j.config.ConfigError;

/** Pages that a command writes. */
final class HtmlFiles {
    private HtmlFiles() {}

    /**
     * Checks a file before it is written.
     *
     * @param example a name for messages
     * @throws ConfigError if it is a directory, or exists and is no page by its name: other files of a run must not be overwritten
     */
    static void checkTarget(Path file, String example) {
        if (Files.isDirectory(file))
            throw new ConfigError("-o " + file + ": is a directory; expected a file, such as " + example);
        String name = file.toString();
        if (Files.exists(file) && !name.endsWith(".html") && !name.endsWith(".htm"))
            throw new ConfigError("-o " + file + ": exists and is not an .html file; choose another file");
    }
}
