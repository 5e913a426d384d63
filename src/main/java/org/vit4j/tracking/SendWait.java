package org.vit4j.tracking;

import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;

/**
 * Wait for a thread that sends to the server. After a request to stop it lasts as long as the server answers.
 */
final class SendWait {
    private static final long POLL_MILLIS = 50;

    private final BooleanSupplier stop;
    private final IntSupplier progress;
    private final Duration interrupted;
    private int seen;
    private long since = System.nanoTime();

    /**
     * @param stop returns true after an interrupt
     * @param progress changes with every request that is answered
     * @param interrupted time without progress after which a stopped wait ends
     */
    SendWait(BooleanSupplier stop, IntSupplier progress, Duration interrupted) {
        this.stop = stop;
        this.progress = progress;
        this.interrupted = interrupted;
    }

    /** Waits for the end of a thread. Returns false if it is not reached in time, or the wait was stopped. */
    boolean join(Thread thread, Duration limit) {
        long end = System.nanoTime() + limit.toNanos();
        try {
            while (thread.isAlive() && end - System.nanoTime() > 0 && !isStuck()) {
                long rest = (end - System.nanoTime()) / 1_000_000;
                thread.join(Math.max(1, Math.min(POLL_MILLIS, rest)));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return !thread.isAlive();
    }

    /** Returns true if the wait was stopped, not by its time. */
    boolean isStopped() {
        return Thread.currentThread().isInterrupted() || isStuck();
    }

    private boolean isStuck() {
        int now = progress.getAsInt();
        if (!stop.getAsBoolean() || now != seen) {
            seen = now;
            since = System.nanoTime();
        }
        return System.nanoTime() - since > interrupted.toNanos();
    }
}
