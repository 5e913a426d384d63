package org.vit4j.cli;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * Ctrl-C, SIGTERM or a closed terminal while there is something to save: the command finishes its step, saves and ends,
 * and the process ends with the command's own exit code. A second Ctrl-C changes nothing.
 */
final class InterruptHandler {
    /** Longer than any step with its checkpoint; a process that does not end is worse than a lost one. */
    private static final long PATIENCE_SECONDS = 600;

    private final CompletableFuture<Integer> ended = new CompletableFuture<>();
    private volatile boolean requested;

    /** Set when the command is one that saves. */
    private Thread hook;

    /** From here on the process waits for the command; before, it ends at once, as nothing would be lost. */
    void listen(Consumer<String> print) {
        hook = new Thread(() -> waitForTheCommand(print), "finish-the-step");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    boolean requested() {
        return requested;
    }

    private void waitForTheCommand(Consumer<String> print) {
        requested = true;
        print.accept("vit4j: interrupted; finishing the step and saving");
        int code = CommandLineProgram.FAILED;
        try {
            code = ended.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            print.accept("vit4j: not saved after " + PATIENCE_SECONDS + " seconds; the newest checkpoint stays");
        } catch (InterruptedException | ExecutionException e) {
            print.accept("vit4j: not saved: " + e);
        }
        System.out.flush();
        // The runtime would end with 128 + signal, whatever became of the command.
        Runtime.getRuntime().halt(code);
    }

    /** The command is over, and all it had to say is said. */
    void ended(int code) {
        ended.complete(code);
        if (hook == null) return;
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is ending already: the hook is what it waits for.
        }
    }
}
