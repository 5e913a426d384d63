package org.vit4j.keras;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.vit4j.graph.Shape;

/**
 * Writes HDF5 files with groups and contiguous float32 datasets. All addresses are known before the first byte is
 * written, so files of any size can be streamed. Output is deterministic.
 *
 * <p>After the HDF5 File Format Specification 3.0: superblock version 2 (HDF5 1.8 and later read it), object headers
 * version 2, links as messages in the group's header.
 */
@SuppressWarnings("ByteBufferBackingArray") // every buffer here comes from allocate()
final class Hdf5Writer {
    private static final int SUPERBLOCK = 48;
    private static final int ALIGNMENT = 8;
    private static final long UNDEFINED = -1;

    private static final int DATASPACE = 0x01;
    private static final int LINK_INFO = 0x02;
    private static final int DATATYPE = 0x03;
    private static final int FILL_VALUE = 0x05;
    private static final int LINK = 0x06;
    private static final int LAYOUT = 0x08;
    private static final int GROUP_INFO = 0x0A;

    /** A group if {@code shape} is null, a dataset otherwise. */
    private static final class Hdf5Entry {
        private final Map<String, Hdf5Entry> children = new LinkedHashMap<>();
        private Shape shape;
        private long header;
        private long data;
    }

    private final Hdf5Entry root = new Hdf5Entry();
    private final Map<String, Hdf5Entry> datasets = new LinkedHashMap<>();
    private long size;

    /** Creates all missing groups of {@code path}. */
    Hdf5Writer group(String path) {
        entry(path);
        return this;
    }

    Hdf5Writer dataset(String path, Shape shape) {
        Hdf5Entry entry = entry(path);
        if (entry.shape != null || !entry.children.isEmpty()) throw new IllegalStateException("duplicate path " + path);
        entry.shape = shape;
        datasets.put(path, entry);
        return this;
    }

    private Hdf5Entry entry(String path) {
        Hdf5Entry entry = root;
        for (String name : path.split("/", -1)) {
            if (entry.shape != null) throw new IllegalStateException(path + " is below a dataset");
            entry = entry.children.computeIfAbsent(name, n -> new Hdf5Entry());
        }
        return entry;
    }

    /** Assigns addresses, headers first, then data in dataset order, and returns the file size in bytes. */
    long layOut() {
        long at = layOutHeaders(root, SUPERBLOCK);
        for (Hdf5Entry dataset : datasets.values()) {
            at = Math.addExact(at, (ALIGNMENT - at % ALIGNMENT) % ALIGNMENT);
            dataset.data = at;
            at = Math.addExact(at, Math.multiplyExact(dataset.shape.size(), Float.BYTES));
        }
        size = at;
        return size;
    }

    private static long layOutHeaders(Hdf5Entry entry, long at) {
        entry.header = at;
        long next = at + header(entry).length;
        for (Hdf5Entry child : entry.children.values()) next = layOutHeaders(child, next);
        return next;
    }

    /** Byte offset of a dataset's values. Call {@link #layOut} first. */
    long address(String path) {
        return datasets.get(path).data;
    }

    /** Writes the file without closing the stream. Call {@link #layOut} first. */
    void write(OutputStream out, DatasetValues values) throws IOException {
        out.write(superblock());
        long at = writeHeaders(out, root, SUPERBLOCK);
        for (Map.Entry<String, Hdf5Entry> dataset : datasets.entrySet()) {
            Hdf5Entry entry = dataset.getValue();
            out.write(new byte[(int) (entry.data - at)]);
            float[] floats = values.of(dataset.getKey());
            if (floats.length != entry.shape.size()) {
                throw new IllegalStateException(
                        dataset.getKey() + " has " + floats.length + " values for " + entry.shape);
            }
            write(out, floats);
            at = entry.data + (long) floats.length * Float.BYTES;
        }
        if (at != size) throw new IllegalStateException(at + " bytes written of " + size);
    }

    /** Returns a dataset's values by its path. */
    @FunctionalInterface
    interface DatasetValues {
        float[] of(String path);
    }

    private static long writeHeaders(OutputStream out, Hdf5Entry entry, long at) throws IOException {
        byte[] header = header(entry);
        out.write(header);
        long next = at + header.length;
        for (Hdf5Entry child : entry.children.values()) next = writeHeaders(out, child, next);
        return next;
    }

    private static void write(OutputStream out, float[] floats) throws IOException {
        ByteBuffer buffer = littleEndian(Math.min(floats.length, 1 << 14) * Float.BYTES);
        int chunk = buffer.capacity() / Float.BYTES;
        for (int from = 0; from < floats.length; from += chunk) {
            int count = Math.min(chunk, floats.length - from);
            buffer.asFloatBuffer().put(floats, from, count);
            out.write(buffer.array(), 0, count * Float.BYTES);
        }
    }

    private byte[] superblock() {
        ByteBuffer block = littleEndian(SUPERBLOCK);
        block.put((byte) 0x89).put("HDF\r\n".getBytes(StandardCharsets.US_ASCII));
        block.put((byte) 0x1A).put((byte) '\n');
        block.put((byte) 2).put((byte) 8).put((byte) 8).put((byte) 0); // version, sizes of addresses and lengths, flags
        block.putLong(0).putLong(UNDEFINED).putLong(size).putLong(root.header); // base, extension, end, root
        return withChecksum(block);
    }

    /** Encodes an object header: prefix, messages, checksum. */
    private static byte[] header(Hdf5Entry entry) {
        List<ByteBuffer> messages = entry.shape == null ? groupMessages(entry) : datasetMessages(entry);
        int length = messages.stream().mapToInt(ByteBuffer::capacity).sum();
        ByteBuffer header = littleEndian(10 + length + 4);
        header.put("OHDR".getBytes(StandardCharsets.US_ASCII)).put((byte) 2).put((byte) 2); // flags: length has 4 bytes
        header.putInt(length);
        messages.forEach(message -> header.put(message.array()));
        return withChecksum(header);
    }

    private static List<ByteBuffer> groupMessages(Hdf5Entry group) {
        List<ByteBuffer> messages = new ArrayList<>();
        messages.add(message(LINK_INFO, 18)
                .put((byte) 0)
                .put((byte) 0)
                .putLong(UNDEFINED)
                .putLong(UNDEFINED));
        messages.add(message(GROUP_INFO, 2).put((byte) 0).put((byte) 0));
        group.children.forEach((name, child) -> {
            byte[] text = name.getBytes(StandardCharsets.US_ASCII);
            ByteBuffer link = message(LINK, 4 + text.length + 8).put((byte) 1).put((byte) 1); // length has 2 bytes
            messages.add(link.putShort((short) text.length).put(text).putLong(child.header));
        });
        return messages;
    }

    private static List<ByteBuffer> datasetMessages(Hdf5Entry dataset) {
        int rank = dataset.shape.rank();
        ByteBuffer space = message(DATASPACE, 4 + 8 * rank);
        space.put((byte) 2).put((byte) rank).put((byte) 0).put((byte) 1); // version, rank, no maximum, simple
        dataset.shape.dims().forEach(space::putLong);
        ByteBuffer type = message(DATATYPE, 20);
        type.put((byte) 0x11).put((byte) 0x20).put((byte) 31).put((byte) 0); // float, implied leading bit, sign bit
        type.putInt(Float.BYTES).putShort((short) 0).putShort((short) 32); // size, offset, precision
        type.put((byte) 23).put((byte) 8).put((byte) 0).put((byte) 23).putInt(127); // exponent, mantissa, bias
        ByteBuffer fill = message(FILL_VALUE, 2).put((byte) 3).put((byte) 0x0A); // none, allocated late
        ByteBuffer layout = message(LAYOUT, 18).put((byte) 3).put((byte) 1); // contiguous
        layout.putLong(dataset.data).putLong(dataset.shape.size() * Float.BYTES);
        return List.of(space, type, fill, layout);
    }

    private static ByteBuffer message(int type, int length) {
        return littleEndian(4 + length)
                .put((byte) type)
                .putShort((short) length)
                .put((byte) 0);
    }

    private static byte[] withChecksum(ByteBuffer block) {
        int end = block.capacity() - 4;
        block.putInt(end, Lookup3Hash.hash(block.array(), end));
        return block.array();
    }

    private static ByteBuffer littleEndian(int capacity) {
        return ByteBuffer.allocate(capacity).order(ByteOrder.LITTLE_ENDIAN);
    }
}
