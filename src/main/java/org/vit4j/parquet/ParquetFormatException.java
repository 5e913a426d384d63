package org.vit4j.parquet;

import java.io.IOException;

/** A file that is corrupt, or uses a feature that is not supported. The message does not contain the file's name. */
public final class ParquetFormatException extends IOException {
    private static final long serialVersionUID = 1L;

    public ParquetFormatException(String message) {
        super(message);
    }

    ParquetFormatException(String message, Throwable cause) {
        super(message, cause);
    }
}
