package org.vit4j.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.vit4j.config.ConfigError;
import org.vit4j.config.TextFiles;
import org.vit4j.config.UserPath;

/**
 * Files of arguments, {@code @FILE} on the command line: one argument per line, so that paths may contain spaces, without empty
 * lines and those that begin with {@code #}. Picocli reads such files too, but not in UTF-8 on every system.
 */
final class ArgumentFiles {
    private ArgumentFiles() {}

    /**
     * Replaces each {@code @FILE} by the arguments in the file, which may contain others. Words of missing files stay, and
     * {@code @@word} stands for {@code @word}.
     *
     * @throws ConfigError if a file cannot be read, or contains itself
     */
    static String[] expanded(String... arguments) {
        List<String> expanded = new ArrayList<>();
        for (String argument : arguments) add(argument, Set.of(), expanded);
        return expanded.toArray(String[]::new);
    }

    /** @param open files that contain the argument */
    private static void add(String argument, Set<Path> open, List<String> expanded) {
        Path file = argument.length() > 1 && argument.startsWith("@") ? file(argument) : null;
        if (file == null) {
            expanded.add(argument.startsWith("@@") ? argument.substring(1) : argument);
            return;
        }
        if (open.contains(file)) throw new ConfigError(argument + ": contains itself");
        Set<Path> inner = new HashSet<>(open);
        inner.add(file);
        TextFiles.read(file)
                .lines()
                .filter(line -> !line.isEmpty() && !line.strip().startsWith("#"))
                .forEach(line -> add(line, inner, expanded));
    }

    /** The file of an argument; null if there is none. */
    private static Path file(String argument) {
        if (argument.startsWith("@@")) return null;
        Path file;
        try {
            file = UserPath.of(argument.substring(1));
        } catch (ConfigError e) {
            return null;
        }
        if (Files.isDirectory(file))
            throw new ConfigError(argument + ": is a directory; expected a text file with one argument per line");
        if (!Files.exists(file)) return null;
        if (!Files.isReadable(file)) throw new ConfigError(argument + ": cannot be read: permission denied");
        return file.toAbsolutePath().normalize();
    }
}
