package org.vit4j.cli;

import org.vit4j.config.ConfigError;

/** The option {@code --on-corrupt}: what a command does with an image that cannot be read. */
final class OnCorruptOption {
    static final String DESCRIPTION =
            "An image that cannot be read is named and left out, and the exit code is 1 (skip, the default), or it ends the"
                    + " command (fail).";

    private OnCorruptOption() {}

    /** Returns true for {@code fail}, false for {@code skip}. */
    static boolean fails(String word) {
        return switch (word) {
            case "fail" -> true;
            case "skip" -> false;
            default -> throw new ConfigError("--on-corrupt " + word + ": expected skip or fail");
        };
    }
}
