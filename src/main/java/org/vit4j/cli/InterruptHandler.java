package org.vit4j.cli;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * Handles Ctrl-C, SIGTERM and a closed terminal during training: the command finishes its step, saves and returns,
 * and the process ends with the exit code of the command. A second Ctrl-C has no effect.
 */
final class InterruptHandler {
    /** Longer than any step with its checkpoint; after that the process ends without saving. */
    private static final long TIMEOUT_SECONDS = 600;

    private final CompletableFuture<Integer> ended = new CompletableFuture<>();
    private volatile boolean requested;

    /** Null unless the command saves. */
    private Thread hook;

    /** Makes an interrupt wait for the command. Before this call an interrupt ends the process at once. */
    void listen(Consumer<String> print) {
        hook = new Thread(() -> waitForCommand(print), "interrupt-handler");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    boolean requested() {
        return requested;
    }

    private void waitForCommand(Consumer<String> print) {
        requested = true;
        print.accept("vit4j: interrupted; finishing the step and saving");
        int code = CommandLineProgram.FAILURE;
        try {
            code = ended.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            print.accept("vit4j: not saved after " + TIMEOUT_SECONDS + " seconds; the last checkpoint is still valid");
        } catch (InterruptedException | ExecutionException e) {
            print.accept("vit4j: not saved: " + e);
        }
        System.out.flush();
        // A normal exit would return 128 + signal instead of the exit code of the command.
        Runtime.getRuntime().halt(code);
    }

    /** Records that the command has ended and printed all its output. */
    void ended(int code) {
        ended.complete(code);
        if (hook == null) return;
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is already shutting down and waits for the hook.
        }
    }
}
