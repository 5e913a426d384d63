package org.vit4j.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.vit4j.config.Suggestions;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/** One-line messages for command lines that cannot be parsed, with suggestions for unknown commands and options. */
final class UsageErrors {
    private UsageErrors() {}

    /** Returns the message for a parser exception, without the program name. */
    static String message(ParameterException problem) {
        CommandLine command = problem.getCommandLine();
        List<String> unmatched = command.getUnmatchedArguments();
        // A misspelled required option is both unmatched and missing; report the unmatched one.
        boolean help = command.getCommandSpec().helpCommand();
        if (!unmatched.isEmpty() && !help) {
            String first = unmatched.get(0);
            if (first.startsWith("-") && first.length() > 1) return unknownOption(first, command);
            if (!command.getSubcommands().isEmpty()) return unknownCommand(first, command);
            return "unexpected argument '" + first + "'";
        }
        return String.valueOf(problem.getMessage()).lines().findFirst().orElse("");
    }

    static String unknownCommand(String written, CommandLine command) {
        List<String> known = command.getSubcommands().entrySet().stream()
                .filter(one -> !one.getValue().getCommandSpec().usageMessage().hidden())
                .map(one -> one.getKey())
                .toList();
        return "unknown command '" + written + "'" + Suggestions.hint(written, known);
    }

    private static String unknownOption(String written, CommandLine command) {
        String name = written.contains("=") ? written.substring(0, written.indexOf('=')) : written;
        Map<String, String> known = new LinkedHashMap<>();
        for (OptionSpec option : command.getCommandSpec().options()) {
            if (option.hidden()) continue;
            for (String one : option.names()) known.put(withoutDashes(one), one);
        }
        // The number of dashes does not matter for similarity.
        String near = Suggestions.nearest(withoutDashes(name), known.keySet())
                .map(known::get)
                .orElse("");
        return "unknown option '" + name + "'" + Suggestions.hint(near, known.values());
    }

    private static String withoutDashes(String option) {
        return option.replaceFirst("^-+", "");
    }
}
