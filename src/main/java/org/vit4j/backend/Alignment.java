package org.vit4j.backend;

/** Alignment of memory. */
public final class Alignment {
    private Alignment() {}

    /** Returns the smallest multiple of {@code unit} that is not below {@code value}; both are not negative. */
    public static long roundUp(long value, long unit) {
        return (value + unit - 1) / unit * unit;
    }
}
