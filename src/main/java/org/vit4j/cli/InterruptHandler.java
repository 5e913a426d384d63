package org.vit4j.cli;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.vit4j.io.AtomicFiles;

/**
 * Handles Ctrl-C, SIGTERM and a closed terminal. During training, the command finishes its step, saves and returns, and the
 * process ends with the exit code of the command; a second Ctrl-C has no effect. Other commands end at once, except
 * {@code report --follow}.
 */
final class InterruptHandler {
    /** Longer than any step with its checkpoint; after that the process ends without saving. */
    private static final long TIMEOUT_SECONDS = 600;

    private final CompletableFuture<Integer> ended = new CompletableFuture<>();
    private volatile boolean requested;

    private Thread hook;

    /** Makes an interrupt end the process at once, without half-written files. */
    InterruptHandler() {
        hook = new Thread(AtomicFiles::discardUnfinished, "interrupt-handler");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** Makes an interrupt wait for the command. */
    void listen(Consumer<String> print) {
        removeHook();
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
        removeHook();
    }

    private void removeHook() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is already shutting down and waits for the hook.
        }
    }
}
