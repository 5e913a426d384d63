package org.vit4j.data;

import java.util.Optional;
import org.vit4j.data.image.ByteImage;

/**
 * An image [H, W, C], its channels interleaved. Values are 0..255; whole numbers, as everything here reads and makes
 * them, are resampled the way 8-bit images are. A decoded image keeps its bytes until a transform computes floats: a
 * photograph takes a quarter of the memory.
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
     * @param pixels not copied; nothing in this package writes to the pixels of an image it was given
     * @throws IllegalArgumentException when the pixels are not H * W * C many
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

    /** An image whose values are of the same kind as those of this one. */
    Image withValues(int newHeight, int newWidth, Object newValues) {
        return newValues instanceof byte[] bytes
                ? of(new ByteImage(newHeight, newWidth, channels, bytes))
                : new Image(newHeight, newWidth, channels, (float[]) newValues);
    }

    /** Room for an image of this kind. */
    Object newValues(int newHeight, int newWidth) {
        int length = Math.multiplyExact(Math.multiplyExact(newHeight, newWidth), channels);
        return values instanceof byte[] ? new byte[length] : new float[length];
    }

    /** The byte[] or float[], not to be written to. */
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

    /** The values, [H, W, C], not to be written to; those of an image of bytes are converted at each call. */
    public float[] pixels() {
        if (values instanceof float[] floats) return floats;
        byte[] bytes = (byte[]) values;
        float[] floats = new float[bytes.length];
        for (int i = 0; i < floats.length; i++) floats[i] = bytes[i] & 0xFF;
        return floats;
    }

    /** The bytes, not copied; empty if the values are floats. */
    public Optional<ByteImage> bytes() {
        return values instanceof byte[] bytes
                ? Optional.of(new ByteImage(height, width, channels, bytes))
                : Optional.empty();
    }

    /** The value at row y, column x, channel c. */
    public float at(int y, int x, int c) {
        int at = (y * width + x) * channels + c;
        return values instanceof byte[] bytes ? bytes[at] & 0xFF : ((float[]) values)[at];
    }

    /** Converts to 1 or 3 channels: gray is repeated, colors become Pillow's luma ("L"). */
    public Image withChannels(int wanted) {
        if (wanted == channels) return this;
        Optional<ByteImage> bytes = bytes();
        if (bytes.isPresent()) return of(bytes.get().withChannels(wanted));
        float[] pixels = (float[]) values;
        int area = height * width;
        float[] out = new float[area * wanted];
        for (int i = 0; i < area; i++) {
            if (channels == 1) for (int c = 0; c < wanted; c++) out[i * wanted + c] = pixels[i];
            else out[i] = luma(pixels[3 * i], pixels[3 * i + 1], pixels[3 * i + 2]);
        }
        return new Image(height, width, wanted, out);
    }

    /** ITU-R 601 luma in the fixed point of Pillow's {@code convert('L')}, so that the result is the same bit by bit. */
    private static float luma(float red, float green, float blue) {
        return (float) Math.floor((red * 19595.0 + green * 38470.0 + blue * 7471.0 + 0x8000) / 0x10000);
    }
}
