package org.vit4j.parquet;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads structs of Thrift's compact protocol without their definitions. Source: apache/thrift,
 * {@code doc/specs/thrift-compact-protocol.md}.
 */
final class CompactReader {
    private static final int TRUE = 1;
    private static final int FALSE = 2;
    private static final int BYTE = 3;
    private static final int DOUBLE = 7;
    private static final int BINARY = 8;
    private static final int LIST = 9;
    private static final int SET = 10;
    private static final int MAP = 11;
    private static final int STRUCT = 12;
    private static final int DEEPEST = 32;

    private final ByteBuffer in;

    /** @param in read from its position on */
    CompactReader(ByteBuffer in) {
        this.in = in.order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Reads a struct.
     *
     * @throws BufferUnderflowException if the buffer ends before the struct
     * @throws IllegalArgumentException if the bytes are not a struct
     */
    CompactStruct struct() {
        return struct(0);
    }

    private CompactStruct struct(int depth) {
        if (depth > DEEPEST) throw new IllegalArgumentException("metadata is nested too deeply");
        Map<Integer, Object> fields = new HashMap<>();
        int id = 0;
        while (true) {
            int header = in.get() & 0xFF;
            if (header == 0) return new CompactStruct(fields);
            int delta = header >> 4;
            id = delta == 0 ? Math.toIntExact(zigzag()) : id + delta;
            int type = header & 0xF;
            fields.put(id, type == TRUE || type == FALSE ? (Object) (type == TRUE) : value(type, depth));
        }
    }

    private Object value(int type, int depth) {
        return switch (type) {
            case TRUE, FALSE -> in.get() == TRUE; // element of a list
            case BYTE -> (long) in.get();
            case 4, 5, 6 -> zigzag();
            case DOUBLE -> in.getDouble();
            case BINARY -> binary();
            case LIST, SET -> list(depth);
            case MAP -> map(depth);
            case STRUCT -> struct(depth + 1);
            default -> throw new IllegalArgumentException("unknown type " + type + " in the metadata");
        };
    }

    private List<Object> list(int depth) {
        int header = in.get() & 0xFF;
        int size = header >> 4 == 15 ? size() : header >> 4;
        List<Object> list = new ArrayList<>(Math.min(size, 1024));
        for (int i = 0; i < size; i++) list.add(value(header & 0xF, depth + 1));
        return list;
    }

    /** Skips a map; Parquet has none. */
    private List<Object> map(int depth) {
        int size = size();
        int types = size == 0 ? 0 : in.get();
        for (int i = 0; i < size; i++) {
            value(types >> 4 & 0xF, depth + 1);
            value(types & 0xF, depth + 1);
        }
        return List.of();
    }

    private byte[] binary() {
        int size = size();
        if (size > in.remaining()) throw new BufferUnderflowException();
        byte[] bytes = new byte[size];
        in.get(bytes);
        return bytes;
    }

    private int size() {
        long size = varint(in);
        if (size < 0 || size > Integer.MAX_VALUE) throw new IllegalArgumentException("size out of range");
        return (int) size;
    }

    private long zigzag() {
        return zigzag(in);
    }

    static long zigzag(ByteBuffer in) {
        long n = varint(in);
        return n >>> 1 ^ -(n & 1);
    }

    /** Base-128 integer of at most 10 bytes. */
    static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; shift < 70; shift += 7) {
            byte next = in.get();
            value |= (next & 0x7FL) << shift;
            if (next >= 0) return value;
        }
        throw new IllegalArgumentException("integer of more than 10 bytes");
    }
}
