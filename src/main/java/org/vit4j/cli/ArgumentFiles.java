package org.vit4j.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.vit4j.config.ConfigError;
import org.vit4j.config.UserPath;

/** Files of arguments, {@code @FILE} on the command line, which picocli reads. */
final class ArgumentFiles {
    private ArgumentFiles() {}

    /** Reports the first that exists and is not a readable file: picocli would print a stack trace, or not read it. */
    static Optional<String> firstUnusable(String... arguments) {
        return Arrays.stream(arguments)
                .filter(argument -> argument.length() > 1 && argument.startsWith("@"))
                .flatMap(argument -> problem(argument).stream())
                .findFirst();
    }

    private static Optional<String> problem(String argument) {
        try {
            Path file = UserPath.of(argument.substring(1));
            if (Files.isDirectory(file))
                return Optional.of(argument + ": is a directory; expected a text file with one argument per line");
            if (Files.exists(file) && !Files.isReadable(file))
                return Optional.of(argument + ": cannot be read: permission denied");
            return Optional.empty();
        } catch (ConfigError e) {
            return Optional.empty();
        }
    }
}
