package org.vit4j.data;

/** How pixels between pixels are made; the words of {@code interpolation:}, with Pillow's meaning. */
public enum Interpolation {
    NEAREST,
    BILINEAR,
    BICUBIC
}
