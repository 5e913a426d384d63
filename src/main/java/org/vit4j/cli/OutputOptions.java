package org.vit4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.vit4j.config.ConfigError;
import org.vit4j.config.UserPath;
import org.vit4j.io.SameFile;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** Options that name a file to write. It must not be named by another argument: an input or output would be lost. */
final class OutputOptions {
    private static final Set<String> NAMES = Set.of("-o", "--results", "--per-class", "--confusion", "--reliability");

    private OutputOptions() {}

    /**
     * Checks the output options of a command before it runs.
     *
     * @param arguments all arguments of the program
     * @throws ConfigError if a file to write is named twice
     */
    static void check(CommandLine.ParseResult command, List<String> arguments) {
        if (command.commandSpec().userObject() instanceof ExportCommand) return; // says that it is the model
        for (OptionSpec option : command.matchedOptions()) {
            if (!NAMES.contains(option.names()[0])
                    || option.originalStringValues().isEmpty()) continue;
            Path file = UserPath.of(option.originalStringValues().get(0));
            long named = arguments.stream()
                    .filter(argument -> isSameFile(file, value(argument)))
                    .count();
            if (named > 1)
                throw new ConfigError(option.names()[0] + " " + file
                        + ": another argument names this file, which would be overwritten; choose another file");
        }
    }

    /** The argument without the name of its option: {@code --results=FILE}, {@code -o=FILE}, {@code -oFILE}. */
    private static String value(String argument) {
        if (!argument.startsWith("-")) return argument;
        boolean attached = argument.startsWith("-o") && !argument.startsWith("-o=");
        return argument.substring(attached ? "-o".length() : argument.indexOf('=') + 1);
    }

    private static boolean isSameFile(Path file, String text) {
        if (text.isEmpty() || Files.isDirectory(file)) return false;
        try {
            return SameFile.test(file, UserPath.of(text));
        } catch (IOException | ConfigError e) {
            return false; // not a file
        }
    }
}
