package org.vit4j.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.vit4j.io.AtomicFiles;
import org.vit4j.report.ComparisonPage;
import org.vit4j.report.RunComparison;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "compare",
        mixinStandardHelpOptions = true,
        description = "Compares training runs: results, differing config values and curves.")
final class CompareCommand implements Callable<Integer> {
    @Parameters(arity = "1..*", paramLabel = "RUN", description = "Run directories.")
    private List<Path> runs;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "Write an HTML page, such as compare.html, instead of text.")
    private Optional<Path> output = Optional.empty();

    @Mixin
    private JsonOption json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        output.ifPresent(file -> HtmlFiles.checkTarget(file, "compare.html"));
        RunComparison comparison = RunComparison.read(runs);
        for (Path run : comparison.unfinished())
            spec.commandLine().getErr().println("vit4j: " + run + ": left out: " + RunComparison.UNFINISHED);
        output.ifPresent(file -> AtomicFiles.write(file, ComparisonPage.html(comparison)));
        PrintWriter out = spec.commandLine().getOut();
        if (json.requested()) out.println(Json.text(comparison.toMaps()));
        else if (output.isPresent())
            out.println(output.get() + ": " + comparison.rows().size() + " runs");
        else out.print(comparison.table());
        out.flush();
        return CommandLineProgram.SUCCESS;
    }
}
