package org.vit4j.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import org.vit4j.bench.DataWorker;
import org.vit4j.run.RunConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "data-worker",
        hidden = true,
        mixinStandardHelpOptions = true,
        description = "Loads training images by commands from standard input; used by bench/data.py.")
final class DataWorkerCommand implements Callable<Integer> {
    @Parameters(paramLabel = "VARIANT|CONFIG", description = "A variant name or a YAML file.")
    private String config;

    @Mixin
    private OverrideOption overrides;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        DataWorker.serve(
                RunConfig.open(config, overrides.values()),
                lines,
                spec.commandLine().getOut());
        return CommandLineProgram.SUCCESS;
    }
}
