package org.vit4j.data.image;

import java.util.Arrays;

/** Crops, padding and flips. Bytes stay bytes. */
public final class ImageGeometry {
    private ImageGeometry() {}

    /** Crops the center [H, W, C] -> [height, width, C], as torchvision's center_crop; too small images get zeros around. */
    public static Image centerCrop(Image image, int height, int width) {
        int down = Math.max(0, height - image.height());
        int across = Math.max(0, width - image.width());
        Image padded = pad(image, down / 2, across / 2, (down + 1) / 2, (across + 1) / 2, 0);
        int top = (int) Math.rint((padded.height() - height) / 2.0); // Python's round: ties to the even number
        int left = (int) Math.rint((padded.width() - width) / 2.0);
        return crop(padded, top, left, height, width);
    }

    /** Crops the rectangle of [height, width] whose upper left pixel is (top, left). */
    public static Image crop(Image image, int top, int left, int height, int width) {
        if (height == image.height() && width == image.width()) return image;
        int c = image.channels();
        Object out = image.newValues(height, width);
        for (int y = 0; y < height; y++) {
            int from = ((top + y) * image.width() + left) * c;
            System.arraycopy(image.values(), from, out, y * width * c, width * c);
        }
        return image.withValues(height, width, out);
    }

    /** Adds rows and columns of the value {@code fill}. */
    public static Image pad(Image image, int top, int left, int bottom, int right, double fill) {
        if (top + left + bottom + right == 0) return image;
        int c = image.channels();
        int height = image.height() + top + bottom;
        int width = image.width() + left + right;
        boolean whole = fill == (int) fill && fill >= 0 && fill <= 255;
        if (!whole && image.bytes().isPresent()) {
            Image floats = new Image(image.height(), image.width(), c, image.pixels());
            return pad(floats, top, left, bottom, right, fill);
        }
        Object out = image.newValues(height, width);
        if (out instanceof byte[] bytes) Arrays.fill(bytes, (byte) (int) fill);
        else Arrays.fill((float[]) out, (float) fill);
        for (int y = 0; y < image.height(); y++) {
            int to = ((top + y) * width + left) * c;
            System.arraycopy(image.values(), y * image.width() * c, out, to, image.width() * c);
        }
        return image.withValues(height, width, out);
    }

    /** Swaps left and right. */
    public static Image flipHorizontally(Image image) {
        int c = image.channels();
        int row = image.width() * c;
        Object out = image.newValues(image.height(), image.width());
        for (int y = 0; y < image.height(); y++) {
            if (out instanceof byte[] bytes) flip((byte[]) image.values(), bytes, y * row, row, c);
            else flip((float[]) image.values(), (float[]) out, y * row, row, c);
        }
        return image.withValues(image.height(), image.width(), out);
    }

    private static void flip(byte[] in, byte[] out, int start, int length, int channels) {
        if (channels == 3) {
            for (int from = start, to = start + length - 3; to >= start; from += 3, to -= 3) {
                out[to] = in[from];
                out[to + 1] = in[from + 1];
                out[to + 2] = in[from + 2];
            }
            return;
        }
        for (int i = 0, to = start + length - channels; i < length; i += channels, to -= channels) {
            for (int c = 0; c < channels; c++) out[to + c] = in[start + i + c];
        }
    }

    private static void flip(float[] in, float[] out, int start, int length, int channels) {
        for (int i = 0, to = start + length - channels; i < length; i += channels, to -= channels) {
            for (int c = 0; c < channels; c++) out[to + c] = in[start + i + c];
        }
    }

    /** Swaps top and bottom. */
    public static Image flipVertically(Image image) {
        int row = image.width() * image.channels();
        Object out = image.newValues(image.height(), image.width());
        for (int y = 0; y < image.height(); y++) {
            System.arraycopy(image.values(), y * row, out, (image.height() - 1 - y) * row, row);
        }
        return image.withValues(image.height(), image.width(), out);
    }
}
