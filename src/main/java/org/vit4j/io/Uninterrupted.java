package org.vit4j.io;

import java.io.IOException;

/** Operations on file channels, which an interrupt of the thread would close. */
public final class Uninterrupted {
    private Uninterrupted() {}

    /** Reads or writes through a channel. */
    @FunctionalInterface
    public interface ChannelOperation<T> {
        T run() throws IOException;
    }

    /** Runs an operation although the thread is interrupted; the thread is interrupted again after it. */
    public static <T> T run(ChannelOperation<T> operation) throws IOException {
        boolean interrupted = Thread.interrupted();
        try {
            return operation.run();
        } finally {
            if (interrupted) Thread.currentThread().interrupt();
        }
    }
}
