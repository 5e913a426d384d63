package org.vit4j.cli;

import org.vit4j.config.ConfigError;

/** The option {@code --on-corrupt}, which sets the handling of images that cannot be read. */
final class OnCorruptOption {
    static final String DESCRIPTION =
            "Handling of images that cannot be read. skip: report and skip them, and exit with code 1. fail: stop at"
                    + " the"
                    + " first (default: skip).";

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
