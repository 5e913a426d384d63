package org.vit4j.parquet;

import java.nio.ByteBuffer;

/** Reads the encodings DELTA_BINARY_PACKED and DELTA_BYTE_ARRAY. */
final class DeltaReader {
    private DeltaReader() {}

    /** Integers; the buffer is then at the byte after them. */
    static long[] integers(ByteBuffer in, int limit) {
        long blockSize = CompactReader.varint(in);
        long miniblocks = CompactReader.varint(in);
        long count = CompactReader.varint(in);
        long value = CompactReader.zigzag(in);
        if (count < 0
                || count > limit
                || miniblocks < 1
                || miniblocks > 1024
                || blockSize % (8 * miniblocks) != 0
                || blockSize < 1
                || blockSize > 1 << 24) throw new IllegalArgumentException("corrupt header of deltas");
        int size = (int) (blockSize / miniblocks);
        long[] values = new long[(int) count];
        if (count > 0) values[0] = value;
        for (int filled = 1; filled < count; ) {
            long smallest = CompactReader.zigzag(in);
            byte[] widths = new byte[(int) miniblocks];
            in.get(widths);
            for (int m = 0; m < miniblocks && filled < count; m++) {
                byte[] packed = new byte[size * width(widths[m]) / 8];
                in.get(packed);
                for (int i = 0; i < size && filled < count; i++) {
                    value += smallest + bits(packed, (long) i * widths[m], widths[m]);
                    values[filled++] = value;
                }
            }
        }
        return values;
    }

    private static int width(int width) {
        if (width < 0 || width > 64) throw new IllegalArgumentException("deltas of " + width + " bits");
        return width;
    }

    private static long bits(byte[] packed, long from, int width) {
        long value = 0;
        for (int i = 0; i < width; ) {
            int at = (int) (from + i);
            int offset = at & 7;
            int take = Math.min(8 - offset, width - i);
            long part = (packed[at >> 3] & 0xFF) >> offset & (1 << take) - 1;
            value |= part << i;
            i += take;
        }
        return value;
    }

    /** Lengths of values, which must not be negative. */
    static int[] lengths(ByteBuffer in, int limit) {
        long[] values = integers(in, limit);
        int[] lengths = new int[values.length];
        for (int i = 0; i < lengths.length; i++) {
            if (values[i] < 0) throw new IllegalArgumentException("negative length");
            lengths[i] = Math.toIntExact(values[i]);
        }
        return lengths;
    }
}
