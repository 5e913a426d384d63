package org.vit4j.data.transforms;

import static org.vit4j.data.transforms.RandAugmentOp.AUTO_CONTRAST;
import static org.vit4j.data.transforms.RandAugmentOp.BRIGHTNESS;
import static org.vit4j.data.transforms.RandAugmentOp.BRIGHTNESS_INCREASING;
import static org.vit4j.data.transforms.RandAugmentOp.COLOR;
import static org.vit4j.data.transforms.RandAugmentOp.COLOR_INCREASING;
import static org.vit4j.data.transforms.RandAugmentOp.CONTRAST;
import static org.vit4j.data.transforms.RandAugmentOp.CONTRAST_INCREASING;
import static org.vit4j.data.transforms.RandAugmentOp.DESATURATE;
import static org.vit4j.data.transforms.RandAugmentOp.EQUALIZE;
import static org.vit4j.data.transforms.RandAugmentOp.GAUSSIAN_BLUR;
import static org.vit4j.data.transforms.RandAugmentOp.INVERT;
import static org.vit4j.data.transforms.RandAugmentOp.POSTERIZE;
import static org.vit4j.data.transforms.RandAugmentOp.POSTERIZE_INCREASING;
import static org.vit4j.data.transforms.RandAugmentOp.ROTATE;
import static org.vit4j.data.transforms.RandAugmentOp.SHARPNESS;
import static org.vit4j.data.transforms.RandAugmentOp.SHARPNESS_INCREASING;
import static org.vit4j.data.transforms.RandAugmentOp.SHEAR_X;
import static org.vit4j.data.transforms.RandAugmentOp.SHEAR_Y;
import static org.vit4j.data.transforms.RandAugmentOp.SOLARIZE;
import static org.vit4j.data.transforms.RandAugmentOp.SOLARIZE_ADD;
import static org.vit4j.data.transforms.RandAugmentOp.SOLARIZE_INCREASING;
import static org.vit4j.data.transforms.RandAugmentOp.TRANSLATE_X_REL;
import static org.vit4j.data.transforms.RandAugmentOp.TRANSLATE_Y_REL;

import java.util.List;

/** Sets of RandAugment operations, as in timm 0.9.16. */
public enum RandAugmentOpSet {
    /** The operations of the paper; the severity of some does not grow with the magnitude. */
    PLAIN,
    /** The operations of the paper with a severity that always grows with the magnitude ({@code inc1} in timm's notation). */
    INCREASING,
    /** {@code INCREASING} with a probability for each operation ({@code tweights}). */
    WEIGHTS,
    /** Solarize, desaturate and blur ({@code t3a}). */
    THREE,
    /** {@code THREE}, and the other operations with lower probability ({@code t3aw}). */
    THREE_WEIGHTED;

    List<RandAugmentOp> ops() {
        return switch (this) {
            case PLAIN ->
                List.of(
                        AUTO_CONTRAST,
                        EQUALIZE,
                        INVERT,
                        ROTATE,
                        POSTERIZE,
                        SOLARIZE,
                        SOLARIZE_ADD,
                        COLOR,
                        CONTRAST,
                        BRIGHTNESS,
                        SHARPNESS,
                        SHEAR_X,
                        SHEAR_Y,
                        TRANSLATE_X_REL,
                        TRANSLATE_Y_REL);
            case INCREASING ->
                List.of(
                        AUTO_CONTRAST,
                        EQUALIZE,
                        INVERT,
                        ROTATE,
                        POSTERIZE_INCREASING,
                        SOLARIZE_INCREASING,
                        SOLARIZE_ADD,
                        COLOR_INCREASING,
                        CONTRAST_INCREASING,
                        BRIGHTNESS_INCREASING,
                        SHARPNESS_INCREASING,
                        SHEAR_X,
                        SHEAR_Y,
                        TRANSLATE_X_REL,
                        TRANSLATE_Y_REL);
            case WEIGHTS ->
                List.of(
                        ROTATE,
                        SHEAR_X,
                        SHEAR_Y,
                        TRANSLATE_X_REL,
                        TRANSLATE_Y_REL,
                        COLOR_INCREASING,
                        SHARPNESS_INCREASING,
                        AUTO_CONTRAST,
                        SOLARIZE_INCREASING,
                        SOLARIZE_ADD,
                        CONTRAST_INCREASING,
                        BRIGHTNESS_INCREASING,
                        EQUALIZE,
                        POSTERIZE_INCREASING,
                        INVERT);
            case THREE -> List.of(SOLARIZE_INCREASING, DESATURATE, GAUSSIAN_BLUR);
            case THREE_WEIGHTED ->
                List.of(
                        SOLARIZE_INCREASING,
                        DESATURATE,
                        GAUSSIAN_BLUR,
                        ROTATE,
                        SHEAR_X,
                        SHEAR_Y,
                        POSTERIZE_INCREASING,
                        AUTO_CONTRAST,
                        COLOR_INCREASING,
                        SHARPNESS_INCREASING,
                        CONTRAST_INCREASING,
                        BRIGHTNESS_INCREASING,
                        EQUALIZE,
                        INVERT);
        };
    }

    /** Weight of each operation; empty if operations are drawn uniformly and with replacement. */
    List<Double> weights() {
        return switch (this) {
            case PLAIN, INCREASING, THREE -> List.of();
            case WEIGHTS ->
                List.of(3.0, 2.0, 2.0, 1.0, 1.0, 0.25, 0.25, 0.25, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05);
            case THREE_WEIGHTED -> List.of(6.0, 6.0, 6.0, 3.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0);
        };
    }
}
