package org.vit4j.data.transforms;

import java.util.Arrays;

/** Rows of ints that a thread reuses from image to image, with undefined content. One instance per purpose. */
final class IntRows {
    /** Ints that are kept: 16 MB. */
    private static final long MAX_KEPT = 4 << 20;

    private int[][] rows = {};

    /** Returns at least {@code count} rows of the length. */
    int[][] of(int count, int length) {
        if (rows.length > 0 && rows[0].length != length) rows = new int[0][];
        if (rows.length >= count) return rows;
        int kept = rows.length;
        int[][] grown = Arrays.copyOf(rows, count);
        for (int i = kept; i < count; i++) grown[i] = new int[length];
        if ((long) count * length <= MAX_KEPT) rows = grown;
        return grown;
    }
}
