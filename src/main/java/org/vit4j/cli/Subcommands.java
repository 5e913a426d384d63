package org.vit4j.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import picocli.AutoComplete;
import picocli.CommandLine;

/** The commands of the program, in the order of the help. */
final class Subcommands {
    static final List<Map.Entry<String, Class<?>>> ALL = List.of(
            Map.entry("train", TrainCommand.class),
            Map.entry("find-lr", FindLrCommand.class),
            Map.entry("average", AverageCommand.class),
            Map.entry("report", ReportCommand.class),
            Map.entry("compare", CompareCommand.class),
            Map.entry("eval", EvalCommand.class),
            Map.entry("predict", PredictCommand.class),
            Map.entry("explain", ExplainCommand.class),
            Map.entry("summary", SummaryCommand.class),
            Map.entry("plot", PlotCommand.class),
            Map.entry("models", ModelsCommand.class),
            Map.entry("import", ImportCommand.class),
            Map.entry("export", ExportCommand.class),
            Map.entry("preview", PreviewCommand.class),
            Map.entry("bench", BenchCommand.class),
            Map.entry("bench-worker", BenchWorkerCommand.class),
            Map.entry("data-worker", DataWorkerCommand.class),
            Map.entry("warm-up", WarmUpCommand.class),
            Map.entry("help", HelpCommand.class),
            Map.entry("generate-completion", AutoComplete.GenerateCompletion.class));

    private static final Set<Class<?>> ABOUT_OTHERS = Set.of(HelpCommand.class, AutoComplete.GenerateCompletion.class);

    private Subcommands() {}

    /**
     * Adds the command that the arguments name, or all commands if they name none, or one that is about the others. Picocli
     * reads the annotations of each added command: 0.2 s for all of them.
     */
    static void addTo(CommandLine line, String... args) {
        String word = Arrays.stream(args)
                .filter(arg -> !arg.equals("--debug"))
                .findFirst()
                .orElse("");
        List<Map.Entry<String, Class<?>>> named = ALL.stream()
                .filter(command -> command.getKey().equals(word))
                .filter(command -> !ABOUT_OTHERS.contains(command.getValue()))
                .toList();
        for (var command : named.isEmpty() ? ALL : named) line.addSubcommand(command.getKey(), command.getValue());
    }
}
