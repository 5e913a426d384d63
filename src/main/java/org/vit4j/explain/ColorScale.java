package org.vit4j.explain;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Color scale from dark violet through green to yellow. Lightness grows with the value, so it is also readable in gray.
 */
final class ColorScale {
    /** Evenly spaced RGB colors. */
    private static final int[] STOPS = {0x2B0A4A, 0x3A3F8F, 0x23718E, 0x1FA187, 0x7CCB4B, 0xFBE723};

    private ColorScale() {}

    /** Returns the evenly spaced colors, lowest first, as {@code #rrggbb}. */
    static List<String> stops() {
        return Arrays.stream(STOPS)
                .mapToObj(rgb -> String.format(Locale.ROOT, "#%06x", rgb))
                .toList();
    }

    /** Returns the RGB color of a value in [0, 1]; values outside are clamped. */
    static int of(double value) {
        double position = Math.max(0, Math.min(1, value)) * (STOPS.length - 1);
        int below = Math.min((int) position, STOPS.length - 2);
        return blend(STOPS[below], STOPS[below + 1], position - below);
    }

    /** Linear mix of two RGB colors, {@code share} of the second. */
    static int blend(int first, int second, double share) {
        int rgb = 0;
        for (int shift = 16; shift >= 0; shift -= 8) {
            double mixed = (first >> shift & 255) * (1 - share) + (second >> shift & 255) * share;
            rgb |= (int) Math.round(mixed) << shift;
        }
        return rgb;
    }
}
