package org.vit4j.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.vit4j.config.Config;
import org.vit4j.model.Description;
import org.vit4j.model.SavedModel;
import org.vit4j.report.Summary;
import org.vit4j.train.RunConfig;
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

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        Summary summary = summary();
        spec.commandLine().getOut().print(json ? Json.text(summary) + "\n" : summary.table());
        spec.commandLine().getOut().flush();
        return Vit4j.DONE;
    }

    private Summary summary() {
        if (what.endsWith(".keras")) {
            Description model = SavedModel.describe(Path.of(what));
            return Summary.of(model.name(), model.model());
        }
        RunConfig config = RunConfig.read(Config.open(what, overrides));
        return Summary.of(config.name(), config.model());
    }
}
