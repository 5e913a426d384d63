package org.vit4j.io;

/** Expected runtime failure, such as a full disk or a NaN loss: one line on stderr, exit code 1. */
public final class RunException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public RunException(String message) {
        super(message);
    }

    public RunException(String message, Throwable cause) {
        super(message, cause);
    }
}
