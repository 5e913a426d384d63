package org.vit4j.data.image;

/**
 * Rectangle of pixels: rows top..top+height, columns left..left+width, ends exclusive.
 *
 * @param height at least 1
 * @param width at least 1
 */
public record PixelBox(int top, int left, int height, int width) {

    /** The full area of an image. */
    public static PixelBox of(int height, int width) {
        return new PixelBox(0, 0, height, width);
    }
}
