package org.vit4j.cli;

import java.io.PrintWriter;
import org.vit4j.config.ConfigError;

/** Names the inputs that cannot be read as they come, and counts them. */
final class UnreadableInputs {
    private final PrintWriter err;
    private final boolean stops;
    private int count;

    /** @param stops true to end the command at the first one */
    UnreadableInputs(PrintWriter err, boolean stops) {
        this.err = err;
        this.stops = stops;
    }

    /**
     * Names one.
     *
     * @param beforeStop completes what is under way
     * @throws ConfigError the problem itself, where the command ends with the first
     */
    void add(ConfigError problem, Runnable beforeStop) {
        if (stops) {
            beforeStop.run();
            throw problem;
        }
        problem.getMessage().lines().forEach(line -> err.println("vit4j: " + line));
        err.flush();
        count++;
    }

    /**
     * The exit code of the command: 1 where some inputs could not be read, 2 where none could.
     *
     * @param inputs number of all inputs
     */
    int exitCode(int inputs) {
        if (count == 0) return CommandLineProgram.DONE;
        if (count == inputs) return CommandLineProgram.MISTAKE;
        err.println("vit4j: " + count + " of " + inputs + " inputs cannot be read and were left out");
        return CommandLineProgram.FAILED;
    }
}
