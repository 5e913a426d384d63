package org.vit4j.parquet;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.vit4j.parquet.ParquetWriter.ColumnType;

/** Values of a column for the row group that is being written. */
final class ColumnBuffer {
    private final ColumnType type;
    private final ByteArrayOutputStream data = new ByteArrayOutputStream();
    private final List<Integer> lengths = new ArrayList<>(); // of lists
    private int values;

    ColumnBuffer(ColumnType type) {
        this.type = type;
    }

    void add(Object value) {
        switch (type) {
            case TEXT -> bytes(((String) value).getBytes(StandardCharsets.UTF_8));
            case BYTES -> bytes((byte[]) value);
            case INTEGER -> put(4).putInt((Integer) value);
            case LONG -> put(8).putLong((Long) value);
            case FLOAT -> put(4).putFloat((Float) value);
            case DOUBLE -> put(8).putDouble((Double) value);
            case FLOATS -> floats((float[]) value);
        }
        flush();
        if (type != ColumnType.FLOATS) values++;
    }

    private ByteBuffer scratch = ByteBuffer.allocate(0);

    /** Buffer whose bytes are appended by {@link #flush}. */
    private ByteBuffer put(int size) {
        scratch = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        return scratch;
    }

    private void flush() {
        data.writeBytes(scratch.array());
    }

    private void bytes(byte[] value) {
        put(4 + value.length).putInt(value.length).put(value);
    }

    /** An empty list has one level and no value. */
    private void floats(float[] list) {
        ByteBuffer buffer = put(4 * list.length);
        for (float value : list) buffer.putFloat(value);
        lengths.add(list.length);
        values += Math.max(1, list.length);
    }

    int bytes() {
        return data.size();
    }

    /** Number of levels of the page. */
    int values() {
        return values;
    }

    /** Page of version 1, not compressed. */
    byte[] page() {
        if (type != ColumnType.FLOATS) return data.toByteArray();
        ByteArrayOutputStream repetition = new ByteArrayOutputStream();
        ByteArrayOutputStream definition = new ByteArrayOutputStream();
        for (int length : lengths) {
            run(repetition, 1, 0);
            if (length > 1) run(repetition, length - 1, 1);
            run(definition, Math.max(1, length), length == 0 ? 0 : 1);
        }
        ByteArrayOutputStream page = new ByteArrayOutputStream();
        withLength(page, repetition);
        withLength(page, definition);
        page.writeBytes(data.toByteArray());
        return page.toByteArray();
    }

    /** Run of equal levels of one bit. */
    private static void run(ByteArrayOutputStream levels, int count, int level) {
        CompactWriter.varint(levels, (long) count << 1);
        levels.write(level);
    }

    private static void withLength(ByteArrayOutputStream page, ByteArrayOutputStream levels) {
        byte[] length = ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(levels.size())
                .array();
        page.writeBytes(length);
        page.writeBytes(levels.toByteArray());
    }
}
