package org.vit4j.config;

import java.util.List;

/**
 * What the user got wrong: a config, an argument, a file. Printed as it stands, without a stack trace, exit code 2.
 * Everything that is not a {@code ConfigError} is a bug of ours and keeps its stack trace.
 */
public final class ConfigError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param message what is wrong (value), where, and what would be right; one line */
    public ConfigError(String message) {
        super(message);
    }

    /** A mistake that surfaced as an exception of a library, kept as the cause for {@code --debug}. */
    public ConfigError(String message, Throwable cause) {
        super(message, cause);
    }

    /** All problems of a file at once, a line each. */
    public static ConfigError of(List<String> problems) {
        return new ConfigError(String.join("\n", problems));
    }
}
