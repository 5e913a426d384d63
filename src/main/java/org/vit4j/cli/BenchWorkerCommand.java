package org.vit4j.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import org.vit4j.bench.BenchRunner;
import org.vit4j.bench.BenchWorker;
import org.vit4j.run.RunConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "bench-worker",
        hidden = true,
        mixinStandardHelpOptions = true,
        description = "Runs one runner by commands from standard input; used by bench and bench/compare.py.")
final class BenchWorkerCommand implements Callable<Integer> {
    @Parameters(paramLabel = "VARIANT|CONFIG", description = "A variant name or a YAML file.")
    private String config;

    @Mixin
    private OverrideOption overrides;

    @Option(
            names = "--runner",
            required = true,
            paramLabel = "RUNNER",
            description = "plain, samediff, onednn or torch.")
    private BenchRunner runner;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        BenchWorker.serve(
                RunConfig.open(config, overrides.values()),
                runner,
                lines,
                spec.commandLine().getOut());
        return CommandLineProgram.SUCCESS;
    }
}
