package org.vit4j.data.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Integer values by tag of the first directory of a TIFF structure (TIFF 6.0 or BigTIFF). */
final class TiffTags {
    private static final int MAX_VALUES = 1 << 24;

    private final ByteBuffer file;
    private final Map<Integer, long[]> integers = new HashMap<>();
    private final Map<Integer, byte[]> bytes = new HashMap<>();
    private final Map<Integer, TagPosition> positions = new HashMap<>();

    /** Type of a tag and start of its values in the file. */
    private record TagPosition(int type, int start) {}

    /** @throws ImageFormatException if there is no TIFF header */
    TiffTags(ByteBuffer file) throws ImageFormatException {
        this.file = file;
        short mark = file.getShort(0);
        if (mark == 0x4949) file.order(ByteOrder.LITTLE_ENDIAN);
        else if (mark == 0x4D4D) file.order(ByteOrder.BIG_ENDIAN);
        else throw ImageFormatException.corrupt("the TIFF header is missing");
        boolean big = file.getShort(2) == 43;
        int at = big ? index(file.getLong(8)) : index(file.getInt(4) & 0xFFFFFFFFL);
        int count = big ? index(file.getLong(at)) : file.getShort(at) & 0xFFFF;
        at += big ? 8 : 2;
        for (int i = 0; i < count; i++) entry(at + i * (big ? 20 : 12), big);
    }

    ByteOrder order() {
        return file.order();
    }

    private static int index(long offset) throws ImageFormatException {
        if (offset < 0 || offset > Integer.MAX_VALUE) throw ImageFormatException.corrupt("an offset is too large");
        return (int) offset;
    }

    private void entry(int at, boolean big) throws ImageFormatException {
        int tag = file.getShort(at) & 0xFFFF;
        int type = file.getShort(at + 2);
        int size = switch (type) {
            case 1, 7 -> 1;
            case 3, 8 -> 2;
            case 4, 9, 13 -> 4;
            case 16, 17, 18 -> 8;
            default -> 0; // text, fractions: not used
        };
        if (size == 0) return;
        long count = big ? file.getLong(at + 4) : file.getInt(at + 4) & 0xFFFFFFFFL;
        if (count < 1 || count > MAX_VALUES) return;
        int inline = big ? 8 : 4;
        int start = at + 4 + inline;
        if (count * size > inline) start = index(big ? file.getLong(start) : file.getInt(start) & 0xFFFFFFFFL);
        if (start + count * size > file.limit()) return;
        if (size == 1) {
            byte[] values = new byte[(int) count];
            file.get(start, values);
            bytes.put(tag, values);
            return;
        }
        long[] values = new long[(int) count];
        for (int i = 0; i < values.length; i++) values[i] = value(type, start + i * size);
        integers.put(tag, values);
        positions.put(tag, new TagPosition(type, start));
    }

    private long value(int type, int at) {
        return switch (type) {
            case 3 -> file.getShort(at) & 0xFFFF;
            case 8 -> file.getShort(at);
            case 4, 13 -> file.getInt(at) & 0xFFFFFFFFL;
            case 9 -> file.getInt(at);
            default -> file.getLong(at);
        };
    }

    /** First value of a tag with integers of two bytes or more. */
    Optional<Long> integer(int tag) {
        return Optional.ofNullable(integers.get(tag)).map(values -> values[0]);
    }

    /** Values of a tag with bytes. */
    Optional<byte[]> bytes(int tag) {
        return Optional.ofNullable(bytes.get(tag));
    }

    /** A copy of the file with another first value of a tag, if it has the tag. */
    byte[] fileWith(int tag, int value) {
        TagPosition position = positions.get(tag);
        byte[] copy = new byte[file.limit()];
        file.get(0, copy);
        if (position == null) return copy;
        ByteBuffer changed = ByteBuffer.wrap(copy).order(file.order());
        switch (position.type) {
            case 3, 8 -> changed.putShort(position.start, (short) value);
            case 4, 9, 13 -> changed.putInt(position.start, value);
            default -> changed.putLong(position.start, value);
        }
        return copy;
    }

    int intOr(int tag, int defaultValue) {
        return Math.toIntExact(Math.min(Integer.MAX_VALUE, integer(tag).orElse((long) defaultValue)));
    }

    /** All values of a tag; empty if the tag is missing. */
    long[] integers(int tag) {
        return integers.getOrDefault(tag, new long[0]);
    }
}
