package org.vit4j.cli;

import java.io.PrintWriter;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.vit4j.config.ConfigError;
import org.vit4j.report.Diagram;
import org.vit4j.report.ModelSummary;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "summary",
        mixinStandardHelpOptions = true,
        description = "Prints the layers, parameters and multiply-accumulates of a model.")
final class SummaryCommand implements Callable<Integer> {
    @Parameters(paramLabel = "VARIANT|CONFIG|MODEL", description = "A variant name, a YAML file or a .keras file.")
    private String model;

    @Mixin
    private OverrideOption overrides;

    @Mixin
    private JsonOption json;

    @Option(
            names = "--diagram",
            paramLabel = "PATH",
            description =
                    "Print a Mermaid diagram of the tensors below a path, such as blocks.0, instead of the table.")
    private Optional<String> diagram = Optional.empty();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (diagram.isPresent() && json.requested())
            throw new ConfigError("summary: --diagram prints a Mermaid diagram; remove it or --json");
        NamedModel named = NamedModel.of(model, overrides.values());
        PrintWriter out = spec.commandLine().getOut();
        if (diagram.isPresent()) out.print(draw(named, diagram.get()));
        else if (json.requested()) out.println(Json.text(ModelSummary.of(named.name(), named.model())));
        else out.print(ModelSummary.of(named.name(), named.model()).table());
        out.flush();
        return CommandLineProgram.SUCCESS;
    }

    private static String draw(NamedModel named, String path) {
        try {
            return Diagram.mermaid(named.model().graph(), path);
        } catch (IllegalArgumentException e) {
            throw new ConfigError("--diagram: " + e.getMessage() + "; vit4j summary lists the names", e);
        }
    }
}
