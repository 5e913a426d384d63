package org.vit4j.data.image;

import java.io.IOException;
import java.nio.BufferUnderflowException;

/** An image file that cannot be decoded. The message does not include the file's name, which the caller puts in front. */
public final class ImageFormatException extends IOException {
    private static final long serialVersionUID = 1L;

    ImageFormatException(String message) {
        super(message);
    }

    private ImageFormatException(String message, Throwable cause) {
        super(message, cause);
    }

    static ImageFormatException corrupt(String reason) {
        return new ImageFormatException("is truncated or corrupt: " + reason);
    }

    static ImageFormatException corrupt(Throwable cause) {
        if (cause instanceof BufferUnderflowException)
            return new ImageFormatException("is truncated or corrupt: the image data ends early", cause);
        String reason = cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
        return new ImageFormatException(
                "is truncated or corrupt: " + reason.lines().findFirst().orElse(""), cause);
    }

    static ImageFormatException unsupported(String feature) {
        return new ImageFormatException("is not supported: " + feature + "; convert it to PNG or JPEG");
    }
}
