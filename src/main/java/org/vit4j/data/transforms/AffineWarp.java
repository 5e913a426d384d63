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
        double turned = degrees % 360;
        double angle = -Math.toRadians(turned < 0 ? turned + 360 : turned); // Python's modulo is never negative
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
        return Image.of(new PixelSampler(image.toBytes(), inverse, style).sample());
    }
}
