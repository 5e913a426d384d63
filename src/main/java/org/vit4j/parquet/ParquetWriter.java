package org.vit4j.parquet;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Writes a table, row by row. Columns are required, encoded as PLAIN in pages of version 1, and compressed by Zstandard. A row
 * group is written when its values exceed 16 MB.
 */
public final class ParquetWriter implements AutoCloseable {
    /** Types of columns. */
    public enum ColumnType {
        TEXT(ParquetType.BYTE_ARRAY),
        BYTES(ParquetType.BYTE_ARRAY),
        INTEGER(ParquetType.INT32),
        LONG(ParquetType.INT64),
        FLOAT(ParquetType.FLOAT),
        DOUBLE(ParquetType.DOUBLE),
        /** A list of floats, as a LIST of three levels. */
        FLOATS(ParquetType.FLOAT);

        private final ParquetType stored;

        ColumnType(ParquetType stored) {
            this.stored = stored;
        }
    }

    /** A column of the table. */
    public record ColumnSpec(String name, ColumnType type) {
        private List<String> path() {
            return type == ColumnType.FLOATS ? List.of(name, "list", "element") : List.of(name);
        }
    }

    /** A column in a row group that was written. */
    private record WrittenChunk(long offset, long compressed, long uncompressed, long values) {}

    private record WrittenGroup(List<WrittenChunk> chunks, long rows) {}

    private static final byte[] MAGIC = "PAR1".getBytes(StandardCharsets.US_ASCII);
    private static final int GROUP_BYTES = 16 << 20;

    private final List<ColumnSpec> columns;
    private final OutputStream out;
    private final List<ColumnBuffer> buffers = new ArrayList<>();
    private final List<WrittenGroup> groups = new ArrayList<>();
    private long position;
    private int rows;

    /** Creates the file. */
    public ParquetWriter(Path file, List<ColumnSpec> columns) throws IOException {
        this.columns = List.copyOf(columns);
        this.out = new BufferedOutputStream(Files.newOutputStream(file));
        write(MAGIC);
        startGroup();
    }

    /**
     * Appends a row.
     *
     * @param values a String, byte[], Integer, Long, Float, Double or float[] for each column
     */
    public void row(List<?> values) throws IOException {
        if (values.size() != columns.size())
            throw new IllegalArgumentException(values.size() + " values for " + columns.size() + " columns");
        long bytes = 0;
        for (int i = 0; i < values.size(); i++) {
            buffers.get(i).add(values.get(i));
            bytes += buffers.get(i).bytes();
        }
        rows++;
        if (bytes > GROUP_BYTES) writeGroup();
    }

    private void startGroup() {
        buffers.clear();
        columns.forEach(column -> buffers.add(new ColumnBuffer(column.type)));
        rows = 0;
    }

    private void writeGroup() throws IOException {
        List<WrittenChunk> chunks = new ArrayList<>();
        for (ColumnBuffer buffer : buffers) {
            byte[] page = buffer.page();
            byte[] compressed = ParquetCodec.zstd(page);
            ByteArrayOutputStream header = new ByteArrayOutputStream();
            new CompactWriter(header)
                    .i32(1, 0)
                    .i32(2, page.length)
                    .i32(3, compressed.length)
                    .struct(
                            5,
                            data -> data.i32(1, buffer.values())
                                    .i32(2, ValueDecoder.PLAIN)
                                    .i32(3, ValueDecoder.RLE)
                                    .i32(4, ValueDecoder.RLE))
                    .end();
            chunks.add(new WrittenChunk(
                    position,
                    (long) header.size() + compressed.length,
                    (long) header.size() + page.length,
                    buffer.values()));
            write(header.toByteArray());
            write(compressed);
        }
        groups.add(new WrittenGroup(chunks, rows));
        startGroup();
    }

    private void write(byte[] bytes) throws IOException {
        out.write(bytes);
        position += bytes.length;
    }

    /** Writes the footer. */
    @Override
    public void close() throws IOException {
        try (out) {
            if (rows > 0) writeGroup();
            ByteArrayOutputStream footer = new ByteArrayOutputStream();
            long total = groups.stream().mapToLong(WrittenGroup::rows).sum();
            new CompactWriter(footer)
                    .i32(1, 1)
                    .structs(2, schema(), (writer, element) -> element.accept(writer))
                    .i64(3, total)
                    .structs(4, groups, this::group)
                    .text(6, "vit4j")
                    .end();
            write(footer.toByteArray());
            write(ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(footer.size())
                    .array());
            write(MAGIC);
        }
    }

    private List<Consumer<CompactWriter>> schema() {
        List<Consumer<CompactWriter>> elements = new ArrayList<>();
        elements.add(root -> root.text(4, "schema").i32(5, columns.size()));
        for (ColumnSpec column : columns) {
            int type = column.type.stored.number();
            switch (column.type) {
                case FLOATS -> {
                    elements.add(list -> list.i32(3, 0)
                            .text(4, column.name)
                            .i32(5, 1)
                            .i32(6, 3) // LIST
                            .struct(10, logical -> logical.struct(3, empty -> {})));
                    elements.add(repeated -> repeated.i32(3, 2).text(4, "list").i32(5, 1));
                    elements.add(element -> element.i32(1, type).i32(3, 0).text(4, "element"));
                }
                case TEXT ->
                    elements.add(text -> text.i32(1, type)
                            .i32(3, 0)
                            .text(4, column.name)
                            .i32(6, 0) // UTF8
                            .struct(10, logical -> logical.struct(1, empty -> {})));
                case BYTES, INTEGER, LONG, FLOAT, DOUBLE ->
                    elements.add(plain -> plain.i32(1, type).i32(3, 0).text(4, column.name));
            }
        }
        return elements;
    }

    private void group(CompactWriter writer, WrittenGroup group) {
        long bytes = group.chunks.stream().mapToLong(WrittenChunk::uncompressed).sum();
        List<Integer> indices = new ArrayList<>();
        for (int i = 0; i < columns.size(); i++) indices.add(i);
        writer.structs(1, indices, (chunk, i) -> chunk(chunk, columns.get(i), group.chunks.get(i)))
                .i64(2, bytes)
                .i64(3, group.rows);
    }

    private static void chunk(CompactWriter writer, ColumnSpec column, WrittenChunk chunk) {
        writer.i64(2, 0)
                .struct(
                        3,
                        meta -> meta.i32(1, column.type.stored.number())
                                .i32s(2, List.of(ValueDecoder.PLAIN, ValueDecoder.RLE))
                                .texts(3, column.path())
                                .i32(4, ParquetCodec.ZSTD.number())
                                .i64(5, chunk.values)
                                .i64(6, chunk.uncompressed)
                                .i64(7, chunk.compressed)
                                .i64(9, chunk.offset));
    }
}
