package org.vit4j.cli;

import picocli.CommandLine.Option;

/** The option {@code --json}, which selects machine-readable output. */
final class JsonOption {
    @Option(names = "--json", description = "Print JSON instead of text.")
    private boolean requested;

    boolean requested() {
        return requested;
    }
}
