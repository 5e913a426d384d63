package org.vit4j.data.image;

/** Unpacking of rows of samples: several samples per byte, and palette indices. */
final class BitRows {
    private BitRows() {}

    /** Unpacks samples of 1, 2, 4 or 8 bits, the first in the highest bits, and multiplies each by {@code factor}. */
    static void expand(byte[] packed, int start, int bits, byte[] out, int count, int factor) {
        int perByte = 8 / bits;
        int mask = (1 << bits) - 1;
        for (int i = 0; i < count; i++) {
            int shift = 8 - bits * (i % perByte + 1);
            out[i] = (byte) ((packed[start + i / perByte] >> shift & mask) * factor);
        }
    }

    /** Replaces indices by colors, [N] -> [N, 3]. */
    static void lookUp(byte[] indices, int count, byte[] palette, byte[] out, int to) {
        for (int i = 0; i < count; i++) {
            int from = 3 * (indices[i] & 0xFF);
            out[to + 3 * i] = palette[from];
            out[to + 3 * i + 1] = palette[from + 1];
            out[to + 3 * i + 2] = palette[from + 2];
        }
    }
}
