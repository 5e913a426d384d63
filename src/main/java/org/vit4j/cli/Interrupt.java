package org.vit4j.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Ctrl-C: the step is finished and saved before the process ends. The Java runtime then exits with 130 by itself, and
 * 143 for a plain kill.
 */
final class Interrupt implements AutoCloseable {
    /** Longer than any step; a process that does not end is worse than a lost one. */
    private static final long PATIENCE_SECONDS = 600;

    private final CountDownLatch saved = new CountDownLatch(1);
    private volatile boolean requested;
    private final Thread hook = new Thread(this::waitUntilSaved, "finish-the-step");

    Interrupt() {
        Runtime.getRuntime().addShutdownHook(hook);
    }

    boolean requested() {
        return requested;
    }

    private void waitUntilSaved() {
        requested = true;
        try {
            if (!saved.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        saved.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is ending already: the hook is what it waits for.
        }
    }
}
