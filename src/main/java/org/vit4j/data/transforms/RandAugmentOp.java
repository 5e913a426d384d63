package org.vit4j.data.transforms;

import org.vit4j.data.image.Image;

/**
 * RandAugment operations and their arguments for magnitudes of 0 to 10, as in timm 0.9.16 ({@code data/auto_augment.py}).
 * The severity of {@code INCREASING} operations grows with the magnitude; that of their plain variants, from the paper, does
 * not.
 */
enum RandAugmentOp {
    AUTO_CONTRAST,
    EQUALIZE,
    INVERT,
    ROTATE,
    POSTERIZE,
    POSTERIZE_INCREASING,
    SOLARIZE,
    SOLARIZE_INCREASING,
    SOLARIZE_ADD,
    COLOR,
    COLOR_INCREASING,
    CONTRAST,
    CONTRAST_INCREASING,
    BRIGHTNESS,
    BRIGHTNESS_INCREASING,
    SHARPNESS,
    SHARPNESS_INCREASING,
    SHEAR_X,
    SHEAR_Y,
    TRANSLATE_X_REL,
    TRANSLATE_Y_REL,
    DESATURATE,
    GAUSSIAN_BLUR;

    private static final double MAX_MAGNITUDE = 10;

    /** @param negative direction, for operations that have two */
    double argument(double magnitude, boolean negative) {
        double level = magnitude / MAX_MAGNITUDE;
        int sign = negative ? -1 : 1;
        return switch (this) {
            case AUTO_CONTRAST, EQUALIZE, INVERT -> 0;
            case ROTATE -> sign * level * 30;
            case POSTERIZE -> (int) (level * 4);
            case POSTERIZE_INCREASING -> 4 - (int) (level * 4);
            case SOLARIZE -> Math.min(256, (int) (level * 256));
            case SOLARIZE_INCREASING -> 256 - Math.min(256, (int) (level * 256));
            case SOLARIZE_ADD -> Math.min(128, (int) (level * 110));
            case COLOR, CONTRAST, BRIGHTNESS, SHARPNESS -> level * 1.8 + 0.1;
            case COLOR_INCREASING, CONTRAST_INCREASING, BRIGHTNESS_INCREASING, SHARPNESS_INCREASING ->
                Math.max(0.1, 1.0 + sign * (level * 0.9));
            case SHEAR_X, SHEAR_Y -> sign * level * 0.3;
            case TRANSLATE_X_REL, TRANSLATE_Y_REL -> sign * level * 0.45;
            case DESATURATE -> between(0.5, 1.0, level);
            case GAUSSIAN_BLUR -> between(0.1, 2.0, level);
        };
    }

    private static double between(double low, double high, double level) {
        return Math.max(low, Math.min(high, low + (high - low) * level));
    }

    /** @param argument of {@link #argument} */
    Image apply(Image image, double argument, AffineWarp.WarpStyle style) {
        return switch (this) {
            case AUTO_CONTRAST -> ColorOps.autocontrast(image);
            case EQUALIZE -> ColorOps.equalize(image);
            case INVERT -> ColorOps.invert(image);
            case ROTATE -> AffineWarp.rotate(image, argument, style);
            case POSTERIZE, POSTERIZE_INCREASING -> ColorOps.posterize(image, (int) argument);
            case SOLARIZE, SOLARIZE_INCREASING -> ColorOps.solarize(image, (int) argument);
            case SOLARIZE_ADD -> ColorOps.solarizeAdd(image, (int) argument);
            case COLOR, COLOR_INCREASING -> ColorOps.color(image, argument);
            case CONTRAST, CONTRAST_INCREASING -> ColorOps.contrast(image, argument);
            case BRIGHTNESS, BRIGHTNESS_INCREASING -> ColorOps.brightness(image, argument);
            case SHARPNESS, SHARPNESS_INCREASING -> ColorOps.sharpness(image, argument);
            case SHEAR_X -> AffineWarp.shearX(image, argument, style);
            case SHEAR_Y -> AffineWarp.shearY(image, argument, style);
            case TRANSLATE_X_REL -> AffineWarp.translateX(image, argument, style);
            case TRANSLATE_Y_REL -> AffineWarp.translateY(image, argument, style);
            case DESATURATE -> ColorOps.color(image, Math.min(1, Math.max(0, 1 - argument)));
            case GAUSSIAN_BLUR -> GaussianBlur.gaussian(image, argument);
        };
    }
}
