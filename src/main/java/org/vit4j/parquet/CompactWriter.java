package org.vit4j.parquet;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** Writes a struct of Thrift's compact protocol, field by field in ascending order of their ids. */
final class CompactWriter {
    private static final int I32 = 5;
    private static final int I64 = 6;
    private static final int BINARY = 8;
    private static final int LIST = 9;
    private static final int STRUCT = 12;

    private final ByteArrayOutputStream out;
    private int last;

    CompactWriter(ByteArrayOutputStream out) {
        this.out = out;
    }

    private void header(int id, int type) {
        out.write(((id - last) << 4) | type); // ids differ by at most 15 in Parquet
        last = id;
    }

    CompactWriter i32(int id, int value) {
        header(id, I32);
        zigzag(value);
        return this;
    }

    CompactWriter i64(int id, long value) {
        header(id, I64);
        zigzag(value);
        return this;
    }

    CompactWriter text(int id, String value) {
        header(id, BINARY);
        text(value);
        return this;
    }

    CompactWriter struct(int id, Consumer<CompactWriter> fields) {
        header(id, STRUCT);
        struct(fields);
        return this;
    }

    <T> CompactWriter structs(int id, List<T> values, BiConsumer<CompactWriter, T> fields) {
        list(id, STRUCT, values.size());
        for (T value : values) struct(writer -> fields.accept(writer, value));
        return this;
    }

    CompactWriter i32s(int id, List<Integer> values) {
        list(id, I32, values.size());
        values.forEach(this::zigzag);
        return this;
    }

    CompactWriter texts(int id, List<String> values) {
        list(id, BINARY, values.size());
        values.forEach(this::text);
        return this;
    }

    /** Ends the struct. */
    void end() {
        out.write(0);
    }

    private void struct(Consumer<CompactWriter> fields) {
        CompactWriter writer = new CompactWriter(out);
        fields.accept(writer);
        writer.end();
    }

    private void list(int id, int type, int size) {
        header(id, LIST);
        if (size < 15) out.write(size << 4 | type);
        else {
            out.write(0xF0 | type);
            varint(out, size);
        }
    }

    private void text(String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        varint(out, bytes.length);
        out.writeBytes(bytes);
    }

    private void zigzag(long value) {
        varint(out, value << 1 ^ value >> 63);
    }

    static void varint(ByteArrayOutputStream out, long value) {
        long rest = value;
        while ((rest & ~0x7FL) != 0) {
            out.write((int) (rest & 0x7F) | 0x80);
            rest >>>= 7;
        }
        out.write((int) rest);
    }
}
