package org.vit4j.data.transforms;

import org.vit4j.data.image.ByteImage;

/**
 * Samples an image at arbitrary positions in double precision, as Pillow's bilinear and bicubic filters of
 * src/libImaging/Geometry.c, and writes the pixels of a new image of equal size one after the other.
 *
 * <p>At a whole row or column the filter along that axis returns its center value exactly, so it is skipped: shears and
 * translations need one filter instead of five.
 */
final class PixelSampler {
    private final byte[] in;
    private final int height;
    private final int width;
    private final int channels;
    private final boolean bicubic;
    private final byte[] fill;
    private final byte[] out;
    private int to;

    // Offsets of the rows and columns around the current position, clamped to the image, and the position between them.
    private int above;
    private int row;
    private int below;
    private int lower;
    private int left;
    private int column;
    private int right;
    private int outer;
    private double down;
    private double across;

    PixelSampler(ByteImage image, AffineWarp.WarpStyle style) {
        in = image.pixels();
        height = image.height();
        width = image.width();
        channels = image.channels();
        bicubic = style.interpolation() == Interpolation.BICUBIC;
        fill = new byte[channels];
        for (int c = 0; c < channels; c++) {
            fill[c] = style.fill().get(c % style.fill().size()).byteValue();
        }
        out = new byte[in.length];
    }

    ByteImage result() {
        return new ByteImage(height, width, channels, out);
    }

    /** Samples the next pixel; the center of the upper left pixel is (0.5, 0.5). */
    void next(double fromX, double fromY) {
        if (!(fromX >= 0 && fromX < width && fromY >= 0 && fromY < height)) {
            for (int c = 0; c < channels; c++) out[to++] = fill[c];
            return;
        }
        double x = fromX - 0.5;
        double y = fromY - 0.5;
        double top = Math.floor(y);
        double start = Math.floor(x);
        down = y - top;
        across = x - start;
        locate((int) top, (int) start);
        if (down == 0 && across == 0) for (int c = 0; c < channels; c++) out[to++] = in[row + column + c];
        else if (bicubic) for (int c = 0; c < channels; c++) out[to++] = clip(cubic(c));
        else for (int c = 0; c < channels; c++) out[to++] = clip(linear(c));
    }

    private void locate(int top, int start) {
        int rowLength = width * channels;
        above = Math.max(0, top - 1) * rowLength;
        row = Math.max(0, top) * rowLength;
        below = Math.min(height - 1, top + 1) * rowLength;
        lower = Math.min(height - 1, top + 2) * rowLength;
        left = Math.max(0, start - 1) * channels;
        column = Math.max(0, start) * channels;
        right = Math.min(width - 1, start + 1) * channels;
        outer = Math.min(width - 1, start + 2) * channels;
    }

    private double linear(int c) {
        double upper = linearRow(row + c);
        return down == 0 ? upper : linear(upper, linearRow(below + c), down);
    }

    private double linearRow(int at) {
        return linear(in[at + column] & 0xFF, in[at + right] & 0xFF, across);
    }

    private static double linear(double a, double b, double at) {
        return a + (b - a) * at;
    }

    private double cubic(int c) {
        if (down == 0) return cubicRow(row + c);
        return cubic(cubicRow(above + c), cubicRow(row + c), cubicRow(below + c), cubicRow(lower + c), down);
    }

    private double cubicRow(int at) {
        if (across == 0) return in[at + column] & 0xFF;
        return cubic(
                in[at + left] & 0xFF, in[at + column] & 0xFF, in[at + right] & 0xFF, in[at + outer] & 0xFF, across);
    }

    private static double cubic(double a, double b, double c, double d, double at) {
        double first = -a + c;
        double second = 2 * (a - b) + c - d;
        double third = -a + b - c + d;
        return b + at * (first + at * (second + at * third));
    }

    private static byte clip(double value) {
        return (byte) (int) Math.min(255, Math.max(0, value));
    }
}
