package org.vit4j.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.vit4j.backend.Backend;
import org.vit4j.backend.DeviceFailure;
import org.vit4j.bench.BenchRunner;
import org.vit4j.bench.BenchWorker;
import org.vit4j.io.RunException;
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
        RunConfig opened = RunConfig.open(config, overrides.values());
        try {
            BenchWorker.serve(opened, runner, lines, spec.commandLine().getOut());
        } catch (RuntimeException e) {
            Optional<DeviceFailure> failure = Backend.deviceFailure(e);
            if (failure.isPresent()) throw new RunException(failure.get().reason(), e);
            throw e;
        }
        return CommandLineProgram.SUCCESS;
    }
}
