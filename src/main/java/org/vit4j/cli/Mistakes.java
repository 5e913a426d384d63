package org.vit4j.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.vit4j.config.Suggestions;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/** Explains a command line that cannot be parsed in one line: an unknown command or option with the nearest known one. */
final class Mistakes {
    private Mistakes() {}

    /** The message of a parser's exception, without the name of the program. */
    static String explain(ParameterException problem) {
        CommandLine command = problem.getCommandLine();
        List<String> unmatched = command.getUnmatchedArguments();
        // An option that was mistyped is also missing: name what was written, not what was not.
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
            for (String one : option.names()) known.put(bare(one), one);
        }
        // Dashes say nothing about which one was meant.
        String near =
                Suggestions.nearest(bare(name), known.keySet()).map(known::get).orElse("");
        return "unknown option '" + name + "'" + Suggestions.hint(near, known.values());
    }

    private static String bare(String option) {
        return option.replaceFirst("^-+", "");
    }
}
