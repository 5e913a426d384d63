package org.vit4j.data.image;

import java.util.Optional;

/**
 * An image [H, W, C] with values 0..255 and interleaved channels. Images whose values are all integers are resampled in
 * 8-bit arithmetic. A decoded image keeps its bytes until a transform computes floats, which take four times the memory.
 */
public final class Image {
    private final int height;
    private final int width;
    private final int channels;
    private final Object values; // byte[] or float[]

    /**
     * Wraps floats.
     *
     * @param channels 1 (gray) or 3 (red, green, blue)
     * @param pixels not copied; this package never modifies the pixels of an existing image
     * @throws IllegalArgumentException if the number of pixels is not H * W * C
     */
    public Image(int height, int width, int channels, float[] pixels) {
        if (height < 1 || width < 1) {
            throw new IllegalArgumentException("an image needs at least one pixel (" + height + "x" + width + ")");
        }
        if (channels != 1 && channels != 3) {
            throw new IllegalArgumentException("an image has 1 or 3 channels (" + channels + ")");
        }
        if (pixels.length != (long) height * width * channels) {
            throw new IllegalArgumentException("an image of " + height + "x" + width + "x" + channels + " has "
                    + (long) height * width * channels + " values (" + pixels.length + ")");
        }
        this.height = height;
        this.width = width;
        this.channels = channels;
        this.values = pixels;
    }

    private Image(ByteImage image) {
        this.height = image.height();
        this.width = image.width();
        this.channels = image.channels();
        this.values = image.pixels();
    }

    /** Wraps bytes, which are not copied. */
    public static Image of(ByteImage image) {
        return new Image(image);
    }

    /** Returns an image with new values, a byte[] or a float[] as this image's. */
    Image withValues(int newHeight, int newWidth, Object newValues) {
        return newValues instanceof byte[] bytes
                ? of(new ByteImage(newHeight, newWidth, channels, bytes))
                : new Image(newHeight, newWidth, channels, (float[]) newValues);
    }

    /** Values of undefined content for an image of the same channels and value type. */
    Object newValues(int newHeight, int newWidth) {
        int length = ImageTooLargeException.length(newHeight, newWidth, channels);
        return values instanceof byte[] ? PixelBuffers.bytes(length) : new float[length];
    }

    /** The byte[] or float[], which must not be modified. */
    Object values() {
        return values;
    }

    public int height() {
        return height;
    }

    public int width() {
        return width;
    }

    public int channels() {
        return channels;
    }

    /** Values [H, W, C], which must not be modified; bytes are converted to floats at each call. */
    public float[] pixels() {
        if (values instanceof float[] floats) return floats;
        byte[] bytes = (byte[]) values;
        float[] floats = new float[bytes.length];
        for (int i = 0; i < floats.length; i++) floats[i] = bytes[i] & 0xFF;
        return floats;
    }

    /** Bytes, not copied; empty if the values are floats. */
    public Optional<ByteImage> bytes() {
        return values instanceof byte[] bytes
                ? Optional.of(new ByteImage(height, width, channels, bytes))
                : Optional.empty();
    }

    /** The values as bytes, which may be copied; empty if a value is not an integer in 0..255. */
    public Optional<ByteImage> integers() {
        if (!(values instanceof float[] floats)) return bytes();
        for (float value : floats) if (value != (int) value || value < 0 || value > 255) return Optional.empty();
        return Optional.of(toBytes());
    }

    /** The values truncated to integers and clipped to 0..255; not copied if they are bytes. */
    public ByteImage toBytes() {
        if (values instanceof byte[] bytes) return new ByteImage(height, width, channels, bytes);
        float[] floats = (float[]) values;
        byte[] bytes = new byte[floats.length];
        for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) Math.min(255, Math.max(0, (int) floats[i]));
        return new ByteImage(height, width, channels, bytes);
    }

    /** Value at row y, column x, channel c. */
    public float at(int y, int x, int c) {
        int index = (y * width + x) * channels + c;
        return values instanceof byte[] bytes ? bytes[index] & 0xFF : ((float[]) values)[index];
    }

    /** Converts to 1 or 3 channels: gray is repeated, colors become Pillow's luma ("L"). */
    public Image withChannels(int newChannels) {
        if (newChannels == channels) return this;
        Optional<ByteImage> bytes = bytes();
        if (bytes.isPresent()) return of(bytes.get().withChannels(newChannels));
        float[] pixels = (float[]) values;
        int area = height * width;
        float[] out = new float[area * newChannels];
        for (int i = 0; i < area; i++) {
            if (channels == 1) for (int c = 0; c < newChannels; c++) out[i * newChannels + c] = pixels[i];
            else out[i] = luma(pixels[3 * i], pixels[3 * i + 1], pixels[3 * i + 2]);
        }
        return new Image(height, width, newChannels, out);
    }

    /** ITU-R 601 luma in the fixed-point arithmetic of Pillow's {@code convert('L')}, bit for bit. */
    private static float luma(float red, float green, float blue) {
        return (float) Math.floor((red * 19595.0 + green * 38470.0 + blue * 7471.0 + 0x8000) / 0x10000);
    }
}
