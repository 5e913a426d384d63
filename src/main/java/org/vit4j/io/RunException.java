package org.vit4j.io;

/** Something that went wrong and is nobody's mistake: a full disk, a loss that is no number. One line, exit code 1. */
public final class RunException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public RunException(String message) {
        super(message);
    }

    public RunException(String message, Throwable cause) {
        super(message, cause);
    }
}
