package org.vit4j.data.transforms;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import org.vit4j.data.image.Image;

/**
 * Pillow's affine transforms of 8-bit images (src/libImaging/Geometry.c), bit for bit. Pixels from outside of the image get
 * the fill color, the bicubic filter has a = -1 (resizing has -0.5), values are truncated to integers.
 */
final class AffineWarp {
    /**
     * Fill color and interpolation.
     *
     * @param fill one value per channel, or one for all channels
     */
    record WarpStyle(List<Double> fill, Interpolation interpolation) {}

    private AffineWarp() {}

    static Image shearX(Image image, double factor, WarpStyle style) {
        return affine(image, new double[] {1, factor, 0, 0, 1, 0}, style);
    }

    static Image shearY(Image image, double factor, WarpStyle style) {
        return affine(image, new double[] {1, 0, 0, factor, 1, 0}, style);
    }

    /** @param share of the width */
    static Image translateX(Image image, double share, WarpStyle style) {
        return affine(image, new double[] {1, 0, share * image.width(), 0, 1, 0}, style);
    }

    /** @param share of the height */
    static Image translateY(Image image, double share, WarpStyle style) {
        return affine(image, new double[] {1, 0, 0, 0, 1, share * image.height()}, style);
    }

    /** Rotates counterclockwise about the center, by less than 90 degrees. */
    static Image rotate(Image image, double degrees, WarpStyle style) {
        if (degrees == 0) return image;
        double angle = -Math.toRadians((degrees + 360) % 360);
        double cos = round15(Math.cos(angle));
        double sin = round15(Math.sin(angle));
        double x = image.width() / 2.0;
        double y = image.height() / 2.0;
        double[] inverse = {cos, sin, cos * -x + sin * -y + 0.0 + x, -sin, cos, -sin * -x + cos * -y + 0.0 + y};
        return affine(image, inverse, style);
    }

    /** Python's {@code round(value, 15)}. */
    private static double round15(double value) {
        return new BigDecimal(value).setScale(15, RoundingMode.HALF_EVEN).doubleValue();
    }

    /** Samples the output pixel (x, y) from the input at (a x + b y + c, d x + e y + f). */
    private static Image affine(Image image, double[] inverse, WarpStyle style) {
        int channels = image.channels();
        float[] out = new float[image.height() * image.width() * image.channels()];
        PixelSampler sampler =
                style.interpolation == Interpolation.BICUBIC ? AffineWarp::bicubic : AffineWarp::bilinear;
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < image.width(); x++) {
                double fromX = inverse[0] * (x + 0.5) + inverse[1] * (y + 0.5) + inverse[2];
                double fromY = inverse[3] * (x + 0.5) + inverse[4] * (y + 0.5) + inverse[5];
                boolean inside = fromX >= 0 && fromX < image.width() && fromY >= 0 && fromY < image.height();
                for (int c = 0; c < channels; c++) {
                    int fill = style.fill.get(c % style.fill.size()).intValue();
                    double value = inside ? sampler.at(image, fromY - 0.5, fromX - 0.5, c) : fill;
                    out[(y * image.width() + x) * channels + c] = (int) Math.min(255, Math.max(0, value));
                }
            }
        }
        return new Image(image.height(), image.width(), channels, out);
    }

    private interface PixelSampler {
        double at(Image image, double y, double x, int channel);
    }

    private static double bilinear(Image image, double y, double x, int c) {
        int top = (int) Math.floor(y);
        int left = (int) Math.floor(x);
        double upper = linear(clamped(image, top, left, c), clamped(image, top, left + 1, c), x - left);
        double lower = linear(clamped(image, top + 1, left, c), clamped(image, top + 1, left + 1, c), x - left);
        return linear(upper, lower, y - top);
    }

    private static double linear(double a, double b, double at) {
        return a + (b - a) * at;
    }

    private static double bicubic(Image image, double y, double x, int c) {
        int top = (int) Math.floor(y);
        int left = (int) Math.floor(x);
        double down = y - top;
        double across = x - left;
        return cubic(
                row(image, top - 1, left, c, across),
                row(image, top, left, c, across),
                row(image, top + 1, left, c, across),
                row(image, top + 2, left, c, across),
                down);
    }

    private static double row(Image image, int y, int left, int c, double across) {
        return cubic(
                clamped(image, y, left - 1, c),
                clamped(image, y, left, c),
                clamped(image, y, left + 1, c),
                clamped(image, y, left + 2, c),
                across);
    }

    private static double cubic(double a, double b, double c, double d, double at) {
        double first = -a + c;
        double second = 2 * (a - b) + c - d;
        double third = -a + b - c + d;
        return b + at * (first + at * (second + at * third));
    }

    /** Value at a position clamped to the image. */
    private static double clamped(Image image, int y, int x, int c) {
        int row = Math.min(image.height() - 1, Math.max(0, y));
        int column = Math.min(image.width() - 1, Math.max(0, x));
        return image.at(row, column, c);
    }
}
