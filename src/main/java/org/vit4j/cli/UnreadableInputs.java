package org.vit4j.cli;

import java.io.PrintWriter;
import org.vit4j.config.ConfigError;

/** Reports and counts inputs that cannot be read. */
final class UnreadableInputs {
    private final PrintWriter err;
    private final boolean failOnFirst;
    private int count;

    /** @param failOnFirst true to end the command at the first one */
    UnreadableInputs(PrintWriter err, boolean failOnFirst) {
        this.err = err;
        this.failOnFirst = failOnFirst;
    }

    /**
     * Reports an unreadable input.
     *
     * @param beforeStop runs before the exception is thrown, to finish pending work
     * @throws ConfigError the problem itself, if the command ends at the first one
     */
    void add(ConfigError problem, Runnable beforeStop) {
        if (failOnFirst) {
            beforeStop.run();
            throw problem;
        }
        problem.getMessage().lines().forEach(line -> err.println("vit4j: " + line));
        err.flush();
        count++;
    }

    /** Number of inputs that could not be read so far. */
    int count() {
        return count;
    }

    /**
     * Exit code of the command: 1 if some inputs could not be read, 2 if none could.
     *
     * @param inputs number of all inputs
     */
    int exitCode(int inputs) {
        if (count == 0) return CommandLineProgram.SUCCESS;
        if (count == inputs) return CommandLineProgram.INVALID_INPUT;
        err.println("vit4j: " + count + " of " + inputs + " inputs cannot be read and were left out");
        return CommandLineProgram.FAILURE;
    }
}
