package org.vit4j.cli;

import java.util.List;
import picocli.CommandLine.Option;

/** The option {@code --set}, which overrides values of a config. */
final class OverrideOption {
    @Option(names = "--set", paramLabel = "path=value", description = "Override a config value: --set train.batch=8")
    private List<String> values = List.of();

    /** The overrides in the order of the command line, as {@code path=value}. */
    List<String> values() {
        return values;
    }
}
