package org.vit4j.io;

/** Something that went wrong and is nobody's mistake: a full disk, a loss that is no number. One line, exit code 1. */
public final class Failure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public Failure(String message) {
        super(message);
    }

    public Failure(String message, Throwable cause) {
        super(message, cause);
    }
}
