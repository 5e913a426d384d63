package org.vit4j.data.transforms;

import org.vit4j.data.image.ByteImage;
import org.vit4j.data.image.PixelBuffers;

/**
 * Affine sampling in double precision, as Pillow's bilinear and bicubic filters of src/libImaging/Geometry.c.
 *
 * <p>At a whole row or column the filter along that axis returns its center value exactly, so it is skipped: shears and
 * translations need one filter instead of five. The filters of one pixel are computed from integer differences, which are
 * exact.
 */
final class PixelSampler {
    private final byte[] in;
    private final int height;
    private final int width;
    private final int channels;
    private final double[] inverse;
    private final boolean bicubic;
    private final byte[] fill;
    private final byte[] out;

    /** @param inverse a, b, c, d, e, f: maps the output pixel (x, y) to the input (a x + b y + c, d x + e y + f) */
    PixelSampler(ByteImage image, double[] inverse, AffineWarp.WarpStyle style) {
        in = image.pixels();
        height = image.height();
        width = image.width();
        channels = image.channels();
        this.inverse = inverse;
        bicubic = style.interpolation() == Interpolation.BICUBIC;
        fill = new byte[channels];
        for (int c = 0; c < channels; c++) {
            fill[c] = style.fill().get(c % style.fill().size()).byteValue();
        }
        out = PixelBuffers.bytes(in.length);
    }

    ByteImage sample() {
        for (int y = 0; y < height; y++) row(y);
        return new ByteImage(height, width, channels, out);
    }

    private void row(int y) {
        int rowLength = width * channels;
        for (int x = 0, to = y * rowLength; x < width; x++, to += channels) {
            double fromX = inverse[0] * (x + 0.5) + inverse[1] * (y + 0.5) + inverse[2];
            double fromY = inverse[3] * (x + 0.5) + inverse[4] * (y + 0.5) + inverse[5];
            if (!(fromX >= 0 && fromX < width && fromY >= 0 && fromY < height)) {
                for (int c = 0; c < channels; c++) out[to + c] = fill[c];
                continue;
            }
            int top = floor(fromY - 0.5);
            int left = floor(fromX - 0.5);
            double down = fromY - 0.5 - top;
            double across = fromX - 0.5 - left;
            boolean inside = top >= 1 && top + 2 < height && left >= 1 && left + 2 < width;
            if (down == 0 && across == 0) System.arraycopy(in, (top * width + left) * channels, out, to, channels);
            else if (!bicubic) bilinear(top, left, down, across, to);
            else if (inside && channels == 3) colors(in, (top * width + left) * 3, rowLength, down, across, out, to);
            else clamped(top, left, down, across, to);
        }
    }

    /** For values of at least -1. */
    private static int floor(double value) {
        return (int) (value + 1) - 1;
    }

    /** Bicubic filter of a pixel of three channels whose neighbors are all in the image; {@code at} is its upper left one. */
    private static void colors(byte[] in, int at, int row, double down, double across, byte[] out, int to) {
        if (down == 0) {
            out[to] = clip(across(in, at, across));
            out[to + 1] = clip(across(in, at + 1, across));
            out[to + 2] = clip(across(in, at + 2, across));
        } else if (across == 0) {
            out[to] = clip(down(in, at, row, down));
            out[to + 1] = clip(down(in, at + 1, row, down));
            out[to + 2] = clip(down(in, at + 2, row, down));
        } else {
            out[to] = clip(both(in, at, row, down, across));
            out[to + 1] = clip(both(in, at + 1, row, down, across));
            out[to + 2] = clip(both(in, at + 2, row, down, across));
        }
    }

    private static double across(byte[] in, int at, double across) {
        return cubic(in[at - 3] & 0xFF, in[at] & 0xFF, in[at + 3] & 0xFF, in[at + 6] & 0xFF, across);
    }

    private static double down(byte[] in, int at, int row, double down) {
        return cubic(in[at - row] & 0xFF, in[at] & 0xFF, in[at + row] & 0xFF, in[at + 2 * row] & 0xFF, down);
    }

    private static double both(byte[] in, int at, int row, double down, double across) {
        return cubic(
                across(in, at - row, across),
                across(in, at, across),
                across(in, at + row, across),
                across(in, at + 2 * row, across),
                down);
    }

    /** Bicubic filter of a pixel at the border: positions are clamped to the image. */
    private void clamped(int top, int left, double down, double across, int to) {
        for (int c = 0; c < channels; c++) {
            double value = down == 0
                    ? clampedRow(top, left, across, c)
                    : cubic(
                            clampedRow(top - 1, left, across, c),
                            clampedRow(top, left, across, c),
                            clampedRow(top + 1, left, across, c),
                            clampedRow(top + 2, left, across, c),
                            down);
            out[to + c] = clip(value);
        }
    }

    private double clampedRow(int y, int left, double across, int c) {
        if (across == 0) return value(y, left, c);
        return cubic(value(y, left - 1, c), value(y, left, c), value(y, left + 1, c), value(y, left + 2, c), across);
    }

    private void bilinear(int top, int left, double down, double across, int to) {
        for (int c = 0; c < channels; c++) {
            double upper = linear(value(top, left, c), value(top, left + 1, c), across);
            double lower = linear(value(top + 1, left, c), value(top + 1, left + 1, c), across);
            out[to + c] = clip(linear(upper, lower, down));
        }
    }

    private int value(int y, int x, int c) {
        int row = Math.min(height - 1, Math.max(0, y));
        int column = Math.min(width - 1, Math.max(0, x));
        return in[(row * width + column) * channels + c] & 0xFF;
    }

    private static double linear(double a, double b, double at) {
        return a + (b - a) * at;
    }

    private static double cubic(int a, int b, int c, int d, double at) {
        int first = c - a;
        int second = 2 * (a - b) + c - d;
        int third = b - a - c + d;
        return b + at * (first + at * (second + at * third));
    }

    private static double cubic(double a, double b, double c, double d, double at) {
        double first = -a + c;
        double second = 2 * (a - b) + c - d;
        double third = -a + b - c + d;
        return b + at * (first + at * (second + at * third));
    }

    private static byte clip(double value) {
        return (byte) Math.min(255, Math.max(0, (int) value));
    }
}
