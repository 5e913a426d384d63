package org.vit4j.explain;

/** From dark violet over green to yellow: lighter is more, for every kind of color vision and in black and white. */
final class ColorScale {
    /** Evenly spaced. */
    private static final int[] STOPS = {0x2B0A4A, 0x3A3F8F, 0x23718E, 0x1FA187, 0x7CCB4B, 0xFBE723};

    private ColorScale() {}

    /** @param value 0..1 */
    static int of(double value) {
        double at = Math.max(0, Math.min(1, value)) * (STOPS.length - 1);
        int below = Math.min((int) at, STOPS.length - 2);
        return blend(STOPS[below], STOPS[below + 1], at - below);
    }

    /** {@code share} of the second color. */
    static int blend(int first, int second, double share) {
        int rgb = 0;
        for (int shift = 16; shift >= 0; shift -= 8) {
            double mixed = (first >> shift & 255) * (1 - share) + (second >> shift & 255) * share;
            rgb |= (int) Math.round(mixed) << shift;
        }
        return rgb;
    }
}
