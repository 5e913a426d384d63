package org.vit4j.config;

import java.util.List;

/**
 * Invalid user input: a config, an argument or a file. The command line prints the message without a stack trace and
 * exits with code 2. Other exceptions, except {@link org.vit4j.io.RunException}, are bugs and are printed with a
 * stack trace.
 */
public final class ConfigError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param message place, problem, value and what is expected; one line */
    public ConfigError(String message) {
        super(message);
    }

    /** Wraps the exception of a library, which {@code --debug} prints. */
    public ConfigError(String message, Throwable cause) {
        super(message, cause);
    }

    /** Combines all problems of a file into one error, one line each. */
    public static ConfigError of(List<String> problems) {
        return new ConfigError(String.join("\n", problems));
    }
}
