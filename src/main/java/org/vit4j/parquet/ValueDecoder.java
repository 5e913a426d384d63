package org.vit4j.parquet;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;

/** Decodes the values of a page in each encoding that a type may have. */
final class ValueDecoder {
    static final int PLAIN = 0;
    static final int PLAIN_DICTIONARY = 2;
    static final int RLE = 3;
    private static final int DELTA_BINARY_PACKED = 5;
    private static final int DELTA_LENGTH_BYTE_ARRAY = 6;
    private static final int DELTA_BYTE_ARRAY = 7;
    static final int RLE_DICTIONARY = 8;

    private ValueDecoder() {}

    /**
     * Decodes values.
     *
     * @param page decompressed
     * @param from of the values in the page
     * @param count number of values that are not missing
     */
    static ColumnValues decode(
            ParquetType type, int encoding, byte[] page, int from, int count, Optional<ColumnValues> dictionary)
            throws ParquetFormatException {
        ByteBuffer in = ByteBuffer.wrap(page, from, page.length - from).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        if (count == 0) return ColumnValues.numbers(new long[0]); // may come without a dictionary
        if (encoding == PLAIN_DICTIONARY || encoding == RLE_DICTIONARY) {
            ColumnValues values = dictionary.orElseThrow(() -> new IllegalArgumentException("missing dictionary"));
            return values.select(new HybridReader(in, in.get()).read(count));
        }
        return switch (type) {
            case INT32, INT64 -> ColumnValues.numbers(numbers(type, encoding, in, count));
            case BYTE_ARRAY -> byteArrays(encoding, page, in, count);
            default -> throw new ParquetFormatException("has a column of type " + type + ", which is not read");
        };
    }

    private static long[] numbers(ParquetType type, int encoding, ByteBuffer in, int count)
            throws ParquetFormatException {
        if (encoding == DELTA_BINARY_PACKED) {
            long[] values = exactly(count, DeltaReader.integers(in, count));
            // Deltas of 32 bits are modulo 2^32.
            return type == ParquetType.INT32
                    ? Arrays.stream(values).map(n -> (int) n).toArray()
                    : values;
        }
        if (encoding != PLAIN) throw unknown(encoding);
        long[] numbers = new long[count];
        for (int i = 0; i < count; i++) numbers[i] = type == ParquetType.INT32 ? in.getInt() : in.getLong();
        return numbers;
    }

    private static long[] exactly(int count, long[] values) {
        if (values.length != count) throw new IllegalArgumentException(values.length + " values, expected " + count);
        return values;
    }

    private static ColumnValues byteArrays(int encoding, byte[] page, ByteBuffer in, int count)
            throws ParquetFormatException {
        return switch (encoding) {
            case PLAIN -> plain(page, in, count);
            case DELTA_LENGTH_BYTE_ARRAY -> consecutive(page, in, lengths(in, count));
            case DELTA_BYTE_ARRAY -> prefixed(in, count);
            default -> throw unknown(encoding);
        };
    }

    private static int[] lengths(ByteBuffer in, int count) {
        int[] lengths = DeltaReader.lengths(in, count);
        if (lengths.length != count) throw new IllegalArgumentException("lengths are missing");
        return lengths;
    }

    private static ColumnValues plain(byte[] page, ByteBuffer in, int count) {
        int[] starts = new int[count];
        int[] lengths = new int[count];
        for (int i = 0; i < count; i++) {
            lengths[i] = in.getInt();
            starts[i] = in.position();
            in.position(Math.addExact(starts[i], lengths[i]));
        }
        return ColumnValues.bytes(page, starts, lengths);
    }

    private static ColumnValues consecutive(byte[] page, ByteBuffer in, int[] lengths) {
        int[] starts = new int[lengths.length];
        int at = in.position();
        for (int i = 0; i < starts.length; i++) {
            starts[i] = at;
            at = Math.addExact(at, lengths[i]);
        }
        return ColumnValues.bytes(page, starts, lengths);
    }

    /** Each value begins with a prefix of the one before. */
    private static ColumnValues prefixed(ByteBuffer in, int count) {
        int[] prefixes = lengths(in, count);
        int[] suffixes = lengths(in, count);
        int[] starts = new int[count];
        int[] lengths = new int[count];
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] last = new byte[0];
        for (int i = 0; i < count; i++) {
            if (prefixes[i] > last.length || suffixes[i] > in.remaining())
                throw new IllegalArgumentException("a value ends after its page");
            byte[] value = Arrays.copyOf(last, prefixes[i] + suffixes[i]);
            in.get(value, prefixes[i], suffixes[i]);
            starts[i] = all.size();
            lengths[i] = value.length;
            all.writeBytes(value);
            last = value;
        }
        return ColumnValues.bytes(all.toByteArray(), starts, lengths);
    }

    private static ParquetFormatException unknown(int encoding) {
        return new ParquetFormatException(
                "has a column with encoding " + encoding + ", which is not read; write it with the default encodings");
    }
}
