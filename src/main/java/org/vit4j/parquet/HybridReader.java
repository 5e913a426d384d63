package org.vit4j.parquet;

import java.nio.ByteBuffer;

/** Reads integers in Parquet's hybrid of run lengths and bit packing: levels and indices of dictionaries. */
final class HybridReader {
    private static final int GROUP = 8;

    private final ByteBuffer in;
    private final int width;

    /** @param width bits per value, 0..32 */
    HybridReader(ByteBuffer in, int width) {
        if (width < 0 || width > 32) throw new IllegalArgumentException("values of " + width + " bits");
        this.in = in;
        this.width = width;
    }

    /** The next {@code count} values. Values after them in the same run are lost. */
    int[] read(int count) {
        int[] values = new int[count];
        if (width == 0) return values;
        for (int filled = 0; filled < count; ) {
            long header = CompactReader.varint(in);
            long length = header >>> 1;
            if (length == 0) throw new IllegalArgumentException("empty run");
            if ((header & 1) == 0) {
                int value = littleEndian((width + 7) / 8);
                int to = (int) Math.min(count, filled + length);
                while (filled < to) values[filled++] = value;
            } else {
                filled = unpack(values, filled, length);
            }
        }
        return values;
    }

    private int littleEndian(int bytes) {
        int value = 0;
        for (int i = 0; i < bytes; i++) value |= (in.get() & 0xFF) << (8 * i);
        return value;
    }

    /** @return number of values that are filled */
    private int unpack(int[] values, int from, long groups) {
        int filled = from;
        // The last run of a page may be shorter than its groups.
        for (long group = 0; group < groups && filled < values.length; group++) {
            long bits = 0;
            int have = 0;
            for (int i = 0; i < GROUP; i++) {
                while (have < width) {
                    bits |= (in.hasRemaining() ? in.get() & 0xFFL : 0) << have;
                    have += 8;
                }
                if (filled < values.length) values[filled++] = (int) (bits & (1L << width) - 1);
                bits >>>= width;
                have -= width;
            }
        }
        return filled;
    }
}
