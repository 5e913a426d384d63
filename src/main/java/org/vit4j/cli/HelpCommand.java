package org.vit4j.cli;

import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code vit4j help} and {@code vit4j help train}, with the texts of {@code --help}. */
@Command(name = "help", helpCommand = true, description = "Lists the commands, or the options of one command.")
final class HelpCommand implements Callable<Integer> {
    @Parameters(arity = "0..1", paramLabel = "COMMAND", description = "A command, such as train.")
    private Optional<String> command = Optional.empty();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        CommandLine all = spec.parent().commandLine();
        CommandLine one = command.isEmpty() ? all : all.getSubcommands().get(command.get());
        if (one == null) {
            throw new ParameterException(all, UsageErrors.unknownCommand(command.get(), all));
        }
        one.usage(spec.commandLine().getOut());
        spec.commandLine().getOut().flush();
        return CommandLineProgram.SUCCESS;
    }
}
