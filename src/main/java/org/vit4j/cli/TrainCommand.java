package org.vit4j.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.vit4j.backend.Backend;
import org.vit4j.backend.ProcessGroup;
import org.vit4j.config.ConfigError;
import org.vit4j.io.RunException;
import org.vit4j.metrics.BestMetric;
import org.vit4j.run.DistributedBackend;
import org.vit4j.run.RankEnvironment;
import org.vit4j.run.RankRun;
import org.vit4j.run.ResumeCommand;
import org.vit4j.run.RunConfig;
import org.vit4j.run.Sweep;
import org.vit4j.run.SweepPlan;
import org.vit4j.run.SweepSummary;
import org.vit4j.run.TrainRun;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

@Command(name = "train", mixinStandardHelpOptions = true, description = "Trains a model.")
final class TrainCommand implements Callable<Integer> {
    @Parameters(
            arity = "0..1",
            paramLabel = "CONFIG",
            description = "A YAML file, or the name of a packaged config. Not required with --resume --run DIR.")
    private Optional<String> config = Optional.empty();

    @Mixin
    private OverrideOption overrides;

    @Option(
            names = "--init",
            paramLabel = "FILE",
            description =
                    "Start from the weights of a saved model or a published checkpoint, as train.init.weights. The"
                            + " head is initialized if it has another number of classes.")
    private Optional<String> init = Optional.empty();

    @Option(names = "--run", paramLabel = "DIR", description = "Run directory (default: output.dir of the config).")
    private Optional<Path> directory = Optional.empty();

    @Option(
            names = "--resume",
            description = "Continue from the newest checkpoint, or start the run if there is none. Without CONFIG, the"
                    + " config in"
                    + " --run DIR is used. --set may change values that affect neither model nor data, such as"
                    + " train.optimizer.lr.")
    private boolean resume;

    @Option(
            names = "--sweep",
            paramLabel = "path=value,value",
            description =
                    "Train once for every combination of values, one after another, each in a subdirectory of the run"
                            + " directory: --sweep train.optimizer.lr=1e-3,5e-4 --sweep model.dim=96,192")
    private List<String> sweeps = List.of();

    @Option(
            names = "--spark",
            arity = "0..1",
            paramLabel = "MASTER",
            fallbackValue = "",
            description = "Train on the executors of a Spark cluster: --spark local-cluster[2,1,2048]. Without MASTER"
                    + " (then put"
                    + " --spark last), use the master of spark-submit.")
    private Optional<String> spark = Optional.empty();

    @Mixin
    private JsonOption json;

    @ParentCommand
    private CommandLineProgram root;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        return sweeps.isEmpty() ? train() : sweep();
    }

    private int sweep() {
        if (spark.isPresent())
            throw new ConfigError("--sweep cannot be combined with --spark; start the runs one by one");
        SweepPlan plan = Sweep.plan(config.orElseThrow(this::noConfig), overrides(), sweeps, directory);
        SweepSummary summary = withProgress(progress -> Sweep.run(plan, resume, progress, root.interrupt::requested));
        PrintWriter out = spec.commandLine().getOut();
        out.println(
                json.requested()
                        ? summary.json()
                        : summary.text() + "\nsweep page: " + plan.directory() + "/sweep.html");
        if (!json.requested() && summary.hasUnfinishedRuns()) out.println("continue with: " + sweepResumeCommand(plan));
        out.flush();
        if (summary.hasUnfinishedRuns()) return CommandLineProgram.INTERRUPTED;
        return summary.hasFailedRuns() ? CommandLineProgram.FAILURE : CommandLineProgram.SUCCESS;
    }

    private List<String> overrides() {
        List<String> all = new ArrayList<>(overrides.values());
        init.ifPresent(file -> all.add("train.init.weights=" + Json.text(file)));
        return all;
    }

    private String sweepResumeCommand(SweepPlan plan) {
        List<String> words = new ArrayList<>(List.of("train", config.orElseThrow()));
        overrides.values().forEach(override -> words.addAll(List.of("--set", override)));
        init.ifPresent(file -> words.addAll(List.of("--init", file)));
        sweeps.forEach(sweep -> words.addAll(List.of("--sweep", sweep)));
        words.addAll(List.of("--resume", "--run", plan.directory().toString()));
        return ResumeCommand.line(words);
    }

    /** Closes the progress bar before anything else is printed, as the bar clears the line of the cursor. */
    private <T> T withProgress(Function<TrainProgress, T> training) {
        try (TrainProgress progress = new TrainProgress(spec.commandLine().getErr())) {
            root.interrupt.listen(progress::message);
            return training.apply(progress);
        }
    }

    private ParameterException noConfig() {
        return new ParameterException(
                spec.commandLine(), "no CONFIG given; it is optional only with --resume --run DIR");
    }

    private int train() {
        RunConfig run = config.isPresent() ? RunConfig.open(config.get(), overrides()) : savedConfig();
        Path runDirectory = directory.orElse(run.output().dir());
        Backend backend = run.train().backend();
        Optional<ProcessGroup.Membership> membership = RankEnvironment.of(System.getenv(), backend.devices());
        if (spark.isPresent() && (membership.isPresent() || backend.devices().size() > 1))
            throw new ConfigError("--spark trains on one device per executor; name one in train.device");
        if (membership.isPresent()) return train(run, membership.get(), runDirectory);
        if (backend.devices().size() > 1) {
            checkDevices(backend);
            return new RankLauncher(backend.devices(), spec.commandLine().getOut())
                    .run(spec.root().commandLine().getParseResult().originalArgs());
        }
        TrainRun.RunResult result = withProgress(progress -> spark.isPresent()
                ? DistributedBackend.find()
                        .train(spark.get(), run, runDirectory, resume, progress, root.interrupt::requested)
                : TrainRun.run(run, runDirectory, resume, progress, root.interrupt::requested));
        return print(result);
    }

    /** Reports what is the same in all processes before they start. */
    private static void checkDevices(Backend backend) {
        try {
            backend.check();
            for (String device : backend.devices()) backend.inGroup(device).check();
        } catch (ConfigError e) {
            throw new ConfigError("train." + e.getMessage());
        }
    }

    /** Trains in one process of several. */
    private int train(RunConfig run, ProcessGroup.Membership membership, Path runDirectory) {
        try {
            if (membership.rank() == 0)
                return print(withProgress(progress ->
                        RankRun.first(run, membership, runDirectory, resume, progress, root.interrupt::requested)));
            root.interrupt.listen(message -> {}); // process 0 decides when to stop
            RankLauncher.endWithLauncher();
            return RankRun.other(run, membership) ? CommandLineProgram.SUCCESS : CommandLineProgram.INTERRUPTED;
        } catch (ProcessGroup.GroupException e) {
            RankLauncher.awaitEnd(); // another process has failed, and its reason is the one to report
            throw new RunException(e.getMessage() + "; continue with --resume", e);
        }
    }

    private int print(TrainRun.RunResult result) {
        PrintWriter out = spec.commandLine().getOut();
        out.println(json.requested() ? Json.text(result.toMap()) : resultText(result));
        out.flush();
        return result.finished() ? CommandLineProgram.SUCCESS : CommandLineProgram.INTERRUPTED;
    }

    private RunConfig savedConfig() {
        if (!resume || directory.isEmpty()) throw noConfig();
        return RunConfig.ofRun(directory.get(), overrides());
    }

    /** The measure that selected the best epoch, if it is another one than the accuracy. */
    private static String bestValue(TrainRun.RunResult result) {
        if (result.metric().equals(BestMetric.ACCURACY)) return "";
        return String.format(
                Locale.ROOT,
                "best validation %s: %.4f%n",
                result.metric().name(),
                result.bestValue().orElse(Double.NaN));
    }

    private String resultText(TrainRun.RunResult result) {
        if (!result.finished()) {
            List<String> words = new ArrayList<>(
                    List.of("train", "--resume", "--run", result.directory().toString()));
            // Last, since the value of --spark is optional.
            spark.ifPresent(master -> words.addAll(master.isEmpty() ? List.of("--spark") : List.of("--spark", master)));
            return "stopped after step " + result.state().step() + " and saved; continue with: "
                    + ResumeCommand.line(words);
        }
        var history = result.state().history();
        var best = result.best().orElseThrow();
        var last = history.get(history.size() - 1);
        return String.format(
                Locale.ROOT,
                "%svalidation accuracy: %.2f%% at the best epoch (%d), %.2f%% at the last (%d)%nmodel: %s",
                bestValue(result),
                100 * best.top1(),
                best.epoch(),
                100 * last.best(result.metric()).valTop1(),
                last.epoch(),
                result.model());
    }
}
