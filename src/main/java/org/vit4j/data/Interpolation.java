package org.vit4j.data;

/** Interpolation of pixel values, as in Pillow; values of the key {@code interpolation}. */
public enum Interpolation {
    NEAREST,
    BILINEAR,
    BICUBIC
}
