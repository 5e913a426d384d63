package org.vit4j.data;

/**
 * A picture [H, W, C], its channels interleaved. Values are 0..255; whole numbers, as everything here reads and makes
 * them, are resampled the way 8-bit pictures are.
 *
 * @param channels 1 (gray) or 3 (red, green, blue)
 * @param pixels not copied; nothing in this package writes to the pixels of an image it was given
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
public record Image(int height, int width, int channels, float[] pixels) {

    /** @throws IllegalArgumentException when the pixels are not H * W * C many */
    public Image {
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
    }

    /** The value at row y, column x, channel c. */
    public float at(int y, int x, int c) {
        return pixels[(y * width + x) * channels + c];
    }

    /** The same picture with 1 or 3 channels: gray is repeated, colors become Pillow's luma ("L"). */
    public Image withChannels(int wanted) {
        if (wanted == channels) return this;
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
