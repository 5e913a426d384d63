package org.vit4j.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.vit4j.config.ConfigError;
import org.vit4j.train.DistributedBackend;
import org.vit4j.train.RunConfig;
import org.vit4j.train.Sweep;
import org.vit4j.train.SweepPlan;
import org.vit4j.train.SweepSummary;
import org.vit4j.train.TrainRun;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

@Command(name = "train", mixinStandardHelpOptions = true, description = "Trains a network as a config says.")
final class TrainCommand implements Callable<Integer> {
    @Parameters(paramLabel = "CONFIG", description = "A YAML file, or the name of a packaged config.")
    private String config;

    @Option(names = "--set", paramLabel = "path=value", description = "Override a value: --set train.epochs=3")
    private List<String> overrides = List.of();

    @Option(names = "--run", paramLabel = "DIR", description = "The run directory; output.dir of the config otherwise.")
    private Optional<Path> directory = Optional.empty();

    @Option(names = "--resume", description = "Go on from the newest checkpoint; starts the run when there is none.")
    private boolean resume;

    @Option(
            names = "--sweep",
            paramLabel = "path=value,value",
            description = "Train once for every combination of values, one after another, each in a directory below the"
                    + " run directory: --sweep train.optimizer.lr=1e-3,5e-4 --sweep model.dim=96,192")
    private List<String> sweeps = List.of();

    @Option(
            names = "--spark",
            arity = "0..1",
            paramLabel = "MASTER",
            fallbackValue = "",
            description =
                    "Share the work among the executors of a Spark cluster: --spark local-cluster[2,1,2048]. Without a"
                            + " value, last on the line, the master that spark-submit was given.")
    private Optional<String> spark = Optional.empty();

    @Option(names = "--json", description = "The result as JSON on standard output.")
    private boolean json;

    @ParentCommand
    private CommandLineProgram root;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        return sweeps.isEmpty() ? train() : sweep();
    }

    private int sweep() {
        if (spark.isPresent()) throw new ConfigError("--sweep does not go with --spark: start its runs one by one");
        SweepPlan plan = Sweep.plan(config, overrides, sweeps, directory);
        PrintWriter out = spec.commandLine().getOut();
        root.interrupt.listen(spec.commandLine().getErr());
        try (TrainProgress progress = new TrainProgress(spec.commandLine().getErr())) {
            SweepSummary summary = Sweep.run(plan, resume, progress, root.interrupt::requested);
            out.println(json ? summary.json() : summary.text() + "\nall of it: " + plan.directory() + "/sweep.html");
            out.flush();
            if (summary.interrupted()) return CommandLineProgram.INTERRUPTED;
            return summary.failed() ? CommandLineProgram.FAILED : CommandLineProgram.DONE;
        }
    }

    private int train() {
        RunConfig run = RunConfig.open(config, overrides);
        Path into = directory.orElse(run.output().dir());
        PrintWriter out = spec.commandLine().getOut();
        root.interrupt.listen(spec.commandLine().getErr());
        try (TrainProgress progress = new TrainProgress(spec.commandLine().getErr())) {
            TrainRun.RunResult result = spark.isPresent()
                    ? DistributedBackend.find()
                            .train(spark.get(), run, into, resume, progress, root.interrupt::requested)
                    : TrainRun.run(run, into, resume, progress, root.interrupt::requested);
            out.println(json ? Json.text(result.toMap()) : told(result));
            out.flush();
            return result.finished() ? CommandLineProgram.DONE : CommandLineProgram.INTERRUPTED;
        }
    }

    private String told(TrainRun.RunResult result) {
        if (!result.finished()) {
            return "stopped after step " + result.state().step() + " and saved; go on with: vit4j train " + config
                    + " --resume --run " + result.directory();
        }
        var history = result.state().history();
        var best = result.state().best().orElseThrow();
        var last = history.get(history.size() - 1);
        return String.format(
                Locale.ROOT,
                "accuracy on held-out images: %.2f%% at the best epoch (%d), %.2f%% at the last (%d)%nmodel: %s",
                100 * best.best().valTop1(),
                best.epoch(),
                100 * last.best().valTop1(),
                last.epoch(),
                result.model());
    }
}
