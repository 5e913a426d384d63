package org.vit4j.parquet;

import java.io.EOFException;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.Locale;
import java.util.Optional;
import java.util.zip.CRC32;

/**
 * The pages of one column in one row group, in order. Only one page is in memory; pages that are not needed are not read.
 */
public final class ColumnPages {
    private static final int DATA = 0;
    private static final int DICTIONARY = 2;
    private static final int DATA_V2 = 3;
    private static final int FIRST_HEADER = 4 << 10;
    private static final int LARGEST_HEADER = 16 << 20;

    private final FileChannel file;
    private final ParquetField field;
    private final ParquetCodec codec;
    private final long end;
    private long position;
    private CompactStruct header;
    private long body;
    private Optional<ColumnValues> dictionary = Optional.empty();

    /** @param metadata ColumnMetaData of the footer */
    ColumnPages(FileChannel file, ParquetField field, CompactStruct metadata) throws ParquetFormatException {
        this.file = file;
        this.field = field;
        this.codec = ParquetCodec.of(metadata.intAt(4));
        long data = metadata.longAt(9);
        long first = metadata.longAt(11, 0);
        this.position = first > 0 ? Math.min(first, data) : data;
        this.end = Math.addExact(position, metadata.longAt(7));
        if (position < 4 || metadata.longAt(7) < 0)
            throw new ParquetFormatException("has a column outside of the file");
    }

    /** Advances to the next page of values; false at the end of the column. */
    public boolean next() throws IOException {
        return guarded(() -> {
            while (position < end) {
                readHeader();
                position = Math.addExact(body, header.sizeAt(3));
                if (position > end) throw new EOFException("a page ends after its column");
                int type = header.intAt(1);
                if (type == DICTIONARY) readDictionary();
                else if (type == DATA || type == DATA_V2) return true;
            }
            return false;
        });
    }

    /** Number of rows of the page. */
    public int rows() throws IOException {
        return guarded(() -> data().sizeAt(1));
    }

    /** Reads and decodes the page. */
    public ColumnValues values() throws IOException {
        return guarded(() -> header.intAt(1) == DATA ? valuesOfFirstVersion() : valuesOfSecondVersion());
    }

    private CompactStruct data() {
        return header.structAt(header.intAt(1) == DATA ? 5 : 8);
    }

    /** Reads from the file. */
    @FunctionalInterface
    private interface PageReading<T> {
        T read() throws IOException;
    }

    /** Corrupt bytes cause exceptions of many types, or sizes that the heap cannot hold. */
    private <T> T guarded(PageReading<T> reading) throws IOException {
        try {
            return reading.read();
        } catch (OutOfMemoryError e) {
            double megabytes = header.has(2) ? header.longAt(2) / 1e6 : 0;
            throw new ParquetFormatException(
                    String.format(
                            Locale.ROOT,
                            "column '%s' has a page of %.1f MB, for which the Java heap has no room; raise its limit with"
                                    + " VIT4J_JAVA_OPTS=-Xmx4g, or write the file again if it is corrupt",
                            field.name(),
                            megabytes),
                    e);
        } catch (RuntimeException | EOFException e) {
            String reason = e.getMessage() == null ? "it ends early" : e.getMessage();
            throw new ParquetFormatException("is truncated or corrupt: column '" + field.name() + "': " + reason, e);
        }
    }

    private void readHeader() throws IOException {
        for (int size = FIRST_HEADER; ; size *= 8) {
            int length = (int) Math.min(size, end - position);
            ByteBuffer bytes = ByteBuffer.wrap(ParquetFile.read(file, position, length));
            try {
                header = new CompactReader(bytes).struct();
                body = position + bytes.position();
                return;
            } catch (BufferUnderflowException e) {
                if (length < size || size > LARGEST_HEADER) throw e; // statistics may hold long values
            }
        }
    }

    private byte[] body() throws IOException {
        byte[] bytes = ParquetFile.read(file, body, header.sizeAt(3));
        if (header.has(4)) {
            CRC32 crc = new CRC32();
            crc.update(bytes);
            if ((int) crc.getValue() != header.intAt(4)) throw new IllegalArgumentException("wrong checksum of a page");
        }
        return bytes;
    }

    private byte[] decompressed(byte[] bytes) throws IOException {
        byte[] page = new byte[header.sizeAt(2)];
        codec.decompress(bytes, 0, bytes.length, page, 0);
        return page;
    }

    private void readDictionary() throws IOException {
        byte[] page = decompressed(body());
        ParquetType type = field.type().orElseThrow();
        dictionary = Optional.of(ValueDecoder.decode(
                type, ValueDecoder.PLAIN, page, 0, header.structAt(7).sizeAt(1), Optional.empty()));
    }

    private ColumnValues valuesOfFirstVersion() throws IOException {
        byte[] page = decompressed(body());
        int count = data().sizeAt(1);
        int encoding = data().intAt(2);
        if (field.maxDefinition() == 0) return decode(encoding, page, 0, count);
        if (data().intAt(3) != ValueDecoder.RLE)
            throw new ParquetFormatException("has levels in the deprecated encoding BIT_PACKED; write it again");
        int length = ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN).getInt();
        return withLevels(page, 4, length, page, Math.addExact(4, length), encoding, count);
    }

    private ColumnValues valuesOfSecondVersion() throws IOException {
        byte[] stored = body();
        int repetitions = data().sizeAt(6);
        int levels = data().sizeAt(5);
        int before = Math.addExact(repetitions, levels);
        byte[] page = new byte[header.sizeAt(2)];
        System.arraycopy(stored, 0, page, 0, before);
        boolean compressed = data().boolAt(7, true) && page.length > before;
        (compressed ? codec : ParquetCodec.UNCOMPRESSED)
                .decompress(stored, before, stored.length - before, page, before);
        int count = data().sizeAt(1);
        int encoding = data().intAt(4);
        if (field.maxDefinition() == 0) return decode(encoding, page, before, count);
        return withLevels(page, repetitions, levels, page, before, encoding, count);
    }

    private ColumnValues withLevels(byte[] in, int from, int length, byte[] page, int values, int encoding, int count)
            throws IOException {
        int defined = field.maxDefinition();
        int width = 32 - Integer.numberOfLeadingZeros(defined);
        int[] levels = new HybridReader(ByteBuffer.wrap(in, from, length), width).read(count);
        int present = 0;
        for (int level : levels) if (level == defined) present++;
        ColumnValues decoded = decode(encoding, page, values, present);
        return present == count ? decoded : decoded.withMissing(levels, defined);
    }

    private ColumnValues decode(int encoding, byte[] page, int from, int count) throws IOException {
        ColumnValues values = ValueDecoder.decode(field.type().orElseThrow(), encoding, page, from, count, dictionary);
        if (values.size() != count) throw new IllegalArgumentException("values are missing");
        return values;
    }
}
