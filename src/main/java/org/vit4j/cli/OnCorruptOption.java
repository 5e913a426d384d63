package org.vit4j.cli;

import org.vit4j.config.ConfigError;
import picocli.CommandLine.Option;

/** The option {@code --on-corrupt}, which sets the handling of images that cannot be read. */
final class OnCorruptOption {
    @Option(
            names = "--on-corrupt",
            paramLabel = "skip|fail",
            defaultValue = "skip",
            description = "Handling of images that cannot be read. skip: report and skip them, and exit with code 1."
                    + " fail: stop at the first (default: skip).")
    private String word;

    /**
     * Returns true for {@code fail}, false for {@code skip}.
     *
     * @throws ConfigError if the option has another value
     */
    boolean fails() {
        return switch (word) {
            case "fail" -> true;
            case "skip" -> false;
            default -> throw new ConfigError("--on-corrupt " + word + ": expected skip or fail");
        };
    }
}
