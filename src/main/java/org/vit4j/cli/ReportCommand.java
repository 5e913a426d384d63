package org.vit4j.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.vit4j.config.ConfigError;
import org.vit4j.run.ReportFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

@Command(
        name = "report",
        mixinStandardHelpOptions = true,
        description = "Writes the HTML report of a run, finished or in progress.")
final class ReportCommand implements Callable<Integer> {
    @Parameters(paramLabel = "RUN", description = "Run directory.")
    private Path run;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "HTML file to write (default: report.html in the run directory).")
    private Optional<Path> output = Optional.empty();

    @Option(
            names = "--follow",
            description = "Write the report again and again until the run ends; the page reloads itself in a browser.")
    private boolean follow;

    @Option(
            names = "--every",
            paramLabel = "SECONDS",
            description = "Interval of --follow (default: ${DEFAULT-VALUE}).",
            defaultValue = "5")
    private int seconds;

    @ParentCommand
    private CommandLineProgram root;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (seconds < 1) throw new ConfigError("--every " + seconds + ": must be positive");
        Path page = output.orElse(run.resolve("report.html"));
        HtmlFiles.checkTarget(page, "report.html");
        if (follow) root.interrupt.listen(message -> {}); // the page must not reload itself forever
        String status =
                follow ? ReportFile.follow(run, page, seconds, root.interrupt::requested) : ReportFile.write(run, page);
        PrintWriter out = spec.commandLine().getOut();
        out.println(page + ": " + status);
        out.flush();
        return CommandLineProgram.SUCCESS;
    }
}
