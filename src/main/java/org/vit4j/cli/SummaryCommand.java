package org.vit4j.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.vit4j.config.ConfigError;
import org.vit4j.report.Diagram;
import org.vit4j.report.ModelSummary;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "summary",
        mixinStandardHelpOptions = true,
        description = "Layers, parameters and multiply-accumulates of a network.")
final class SummaryCommand implements Callable<Integer> {
    @Parameters(paramLabel = "VARIANT|CONFIG|MODEL", description = "A variant's name, a YAML file or a .keras file.")
    private String what;

    @Option(names = "--set", paramLabel = "path=value", description = "Override a value of the config.")
    private List<String> overrides = List.of();

    @Option(names = "--json", description = "Machine output.")
    private boolean json;

    @Option(
            names = "--diagram",
            paramLabel = "PATH",
            description = "Draw the tensors below a path, such as blocks.0, as Mermaid text instead.")
    private Optional<String> diagram = Optional.empty();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        NamedModel network = NamedModel.of(what, overrides);
        PrintWriter out = spec.commandLine().getOut();
        if (diagram.isPresent()) out.print(draw(network, diagram.get()));
        else if (json) out.println(Json.text(ModelSummary.of(network.name(), network.model())));
        else out.print(ModelSummary.of(network.name(), network.model()).table());
        out.flush();
        return CommandLineProgram.DONE;
    }

    private static String draw(NamedModel network, String path) {
        try {
            return Diagram.mermaid(network.model().build(), path);
        } catch (IllegalArgumentException e) {
            throw new ConfigError("--diagram: " + e.getMessage() + "; see the names in the summary", e);
        }
    }
}
