package org.vit4j.cli;

import java.io.PrintWriter;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.vit4j.Main;
import org.vit4j.bench.Bench;
import org.vit4j.bench.BenchReport;
import org.vit4j.bench.BenchRunner;
import org.vit4j.bench.PeakMemory;
import org.vit4j.config.ConfigError;
import org.vit4j.machine.JavaExecutable;
import org.vit4j.run.RunConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        description =
                "Measures images per second and peak memory of vit4j's backends and of plain SameDiff, alternately.",
        footer = {
            "",
            "A training step is forward pass, backward pass and optimizer, without clipping and distillation. The"
                    + " time spent"
                    + " waiting for data is a separate column. If the config has no dataset, random images are used."
        })
final class BenchCommand implements Callable<Integer> {
    /** Enough steps that all arrays have been allocated. */
    private static final int MEMORY_STEPS = 3;
    /** Each caller is a thread. */
    private static final int MAX_CALLERS = 1024;

    @Parameters(paramLabel = "VARIANT|CONFIG", description = "A variant name or a YAML file.")
    private String config;

    @Mixin
    private OverrideOption overrides;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "10",
            description =
                    "Timed steps per runner, after " + Bench.WARM_UP + " warm-up steps (default: ${DEFAULT-VALUE}).")
    private int steps;

    @Option(
            names = "--only",
            paramLabel = "RUNNER",
            split = ",",
            description =
                    "Measure only these of plain, samediff, onednn and torch (comma-separated; default: all but torch,"
                            + " which needs a build with libtorch).")
    private List<BenchRunner> only = BenchRunner.DEFAULT;

    @Option(
            names = "--callers",
            paramLabel = "N",
            split = ",",
            description =
                    "Also measure latency and images per second of the oneDNN backend with N concurrent callers, one"
                            + " image per call, against calls under one lock (comma-separated, such as 1,2,4; default: none).")
    private List<Integer> callers = List.of();

    @Mixin
    private JsonOption json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (steps < 1) throw new ConfigError("--steps " + steps + ": expected at least 1");
        for (int count : callers) {
            if (count < 1) throw new ConfigError("--callers " + count + ": expected at least 1");
            if (count > MAX_CALLERS) throw new ConfigError("--callers " + count + ": expected at most " + MAX_CALLERS);
        }
        if (!callers.isEmpty() && !only.contains(BenchRunner.ONEDNN))
            throw new ConfigError("--callers measures the onednn runner; add it to --only");
        RunConfig run = RunConfig.open(config, overrides.values());
        Consumer<String> progress = step -> spec.commandLine().getErr().println("bench: " + step);
        List<BenchRunner> runners = only.stream().distinct().sorted().toList();
        runners.forEach(runner -> runner.check(run)); // before a process of its own that measures memory would fail
        Map<BenchRunner, PeakMemory> memory = new EnumMap<>(BenchRunner.class);
        Bench.BenchResult measured;
        try (Bench bench =
                new Bench(run, runners, steps, callers.stream().distinct().toList(), progress)) {
            // Memory first, while this process is small: plain SameDiff uses all memory that it can get.
            for (BenchRunner runner : runners) {
                progress.accept("memory of " + runner.word());
                PeakMemory.of(worker(runner), run.train().batch(), MEMORY_STEPS)
                        .ifPresent(peak -> memory.put(runner, peak));
            }
            measured = bench.run();
        }
        BenchReport report = new BenchReport(run, steps, measured, memory);
        PrintWriter out = spec.commandLine().getOut();
        if (json.requested()) out.println(Json.text(report.toMap()));
        else out.print(report.table());
        out.flush();
        return CommandLineProgram.SUCCESS;
    }

    /** Returns the command line of this program as a bench worker, with the same JVM options. */
    private List<String> worker(BenchRunner runner) {
        List<String> command = JavaExecutable.command(Main.class);
        command.addAll(List.of("bench-worker", config, "--runner", runner.word()));
        for (String override : overrides.values()) command.addAll(List.of("--set", override));
        return command;
    }
}
