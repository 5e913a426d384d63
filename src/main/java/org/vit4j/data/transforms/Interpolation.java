package org.vit4j.data.transforms;

import org.vit4j.config.Section;

/** Interpolation of pixel values, as in Pillow; values of the key {@code interpolation}. */
public enum Interpolation {
    NEAREST,
    BILINEAR,
    BICUBIC;

    /** Reads the key {@code interpolation} of a transform. */
    static Interpolation read(Section s) {
        return s.enumAt("interpolation", Interpolation.class, BICUBIC);
    }
}
