package org.vit4j.data.image;

/**
 * A decoded image with one byte per value.
 *
 * @param channels 1 (gray) or 3 (red, green, blue)
 * @param pixels [H, W, C], row by row with interleaved channels, unsigned; not copied
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record ByteImage(int height, int width, int channels, byte[] pixels) {

    /** @throws IllegalArgumentException if the sizes are not positive or the array does not have H * W * C values */
    public ByteImage {
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

    /**
     * Returns a black image.
     *
     * @throws ImageFormatException if it has more pixels than allowed
     */
    static ByteImage blank(long height, long width, int channels, long maxPixels) throws ImageFormatException {
        checkSize(height, width, maxPixels);
        return new ByteImage((int) height, (int) width, channels, new byte[(int) (height * width * channels)]);
    }

    /** Checks the size in a header before memory is allocated, since a small file can declare any size. */
    static void checkSize(long height, long width, long maxPixels) throws ImageFormatException {
        if (height < 1 || width < 1 || height > Integer.MAX_VALUE || width > Integer.MAX_VALUE) {
            throw ImageFormatException.corrupt("size out of range (" + height + "x" + width + ")");
        }
        long allowed = Math.min(maxPixels, ImageFormats.LARGEST_PIXEL_LIMIT);
        if (height * width > allowed) {
            throw new ImageFormatException(
                    "is too large: " + height + "x" + width + " pixels; at most " + allowed + " are decoded");
        }
    }

    /** Converts to 1 or 3 channels: gray is repeated, colors become Pillow's luma, {@code convert('L')}. */
    public ByteImage withChannels(int newChannels) {
        if (newChannels == channels) return this;
        int area = height * width;
        byte[] out = PixelBuffers.bytes(Math.multiplyExact(area, newChannels));
        for (int i = 0; i < area; i++) {
            if (channels == 1) {
                out[3 * i] = out[3 * i + 1] = out[3 * i + 2] = pixels[i];
            } else {
                // ITU-R 601 luma in Pillow's fixed-point arithmetic.
                int red = pixels[3 * i] & 0xFF;
                int green = pixels[3 * i + 1] & 0xFF;
                int blue = pixels[3 * i + 2] & 0xFF;
                out[i] = (byte) ((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16);
            }
        }
        return new ByteImage(height, width, newChannels, out);
    }
}
