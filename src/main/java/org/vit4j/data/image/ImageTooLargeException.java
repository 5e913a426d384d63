package org.vit4j.data.image;

/** The result of a transform has more values than an array can have. */
public final class ImageTooLargeException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private ImageTooLargeException(String message) {
        super(message);
    }

    /**
     * Number of values of an image.
     *
     * @throws ImageTooLargeException if no array can have as many
     */
    public static int length(int height, int width, int channels) {
        double values = (double) height * width * channels;
        if (values <= Integer.MAX_VALUE - 8) return height * width * channels;
        throw new ImageTooLargeException(
                "the image would be too large: " + height + "x" + width + " pixels of " + channels + " channels");
    }
}
