package org.vit4j.parquet;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Values of a page: byte arrays (bytes and text), or integers (INT32 and INT64). A value may be missing.
 *
 * <p>Byte arrays share the array of the page, so that only those that are requested are copied.
 */
public final class ColumnValues {
    private static final int MISSING = -1;

    private final byte[] data;
    private final int[] starts;
    private final int[] lengths;
    private final long[] numbers;

    private ColumnValues(byte[] data, int[] starts, int[] lengths, long[] numbers) {
        this.data = data;
        this.starts = starts;
        this.lengths = lengths;
        this.numbers = numbers;
    }

    static ColumnValues bytes(byte[] data, int[] starts, int[] lengths) {
        for (int i = 0; i < starts.length; i++) {
            if (lengths[i] < 0 || starts[i] < 0 || (long) starts[i] + lengths[i] > data.length)
                throw new IllegalArgumentException("a value ends after its page");
        }
        return new ColumnValues(data, starts, lengths, new long[0]);
    }

    static ColumnValues numbers(long[] numbers) {
        return new ColumnValues(new byte[0], new int[0], new int[numbers.length], numbers);
    }

    /** Number of values, missing ones included. */
    public int size() {
        return lengths.length;
    }

    public boolean isMissing(int i) {
        return lengths[i] == MISSING;
    }

    /** Copies a byte array. */
    public byte[] bytes(int i) {
        return Arrays.copyOfRange(data, starts[i], starts[i] + lengths[i]);
    }

    public String text(int i) {
        return new String(data, starts[i], lengths[i], StandardCharsets.UTF_8);
    }

    public long number(int i) {
        return numbers[i];
    }

    /** Values by index, for a dictionary. */
    ColumnValues select(int[] indices) {
        for (int index : indices) {
            if (index < 0 || index >= size())
                throw new IllegalArgumentException("index " + index + " in a dictionary of " + size());
        }
        if (numbers.length > 0)
            return numbers(Arrays.stream(indices).mapToLong(i -> numbers[i]).toArray());
        int[] from = Arrays.stream(indices).map(i -> starts[i]).toArray();
        int[] length = Arrays.stream(indices).map(i -> lengths[i]).toArray();
        return new ColumnValues(data, from, length, new long[0]);
    }

    /**
     * Inserts missing values.
     *
     * @param levels of each value; those below {@code defined} are missing
     */
    ColumnValues withMissing(int[] levels, int defined) {
        int n = levels.length;
        boolean numeric = numbers.length > 0;
        int[] from = new int[numeric ? 0 : n];
        int[] length = new int[n];
        long[] integers = new long[numeric ? n : 0];
        int next = 0;
        for (int i = 0; i < n; i++) {
            if (levels[i] < defined) {
                length[i] = MISSING;
                continue;
            }
            length[i] = lengths[next];
            if (numeric) integers[i] = numbers[next];
            else from[i] = starts[next];
            next++;
        }
        return new ColumnValues(data, from, length, integers);
    }
}
