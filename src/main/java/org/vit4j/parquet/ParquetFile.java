package org.vit4j.parquet;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.vit4j.io.GitLfs;

/** A Parquet file: its columns, its metadata, and the pages of its columns. Not thread-safe. */
public final class ParquetFile implements AutoCloseable {
    private static final String MAGIC = "PAR1";
    private static final String ENCRYPTED = "PARE";
    private static final int TAIL = 8;

    /** Fields of ColumnMetaData that are read: codec, both sizes, and the position. */
    private static final List<Integer> COLUMN_NUMBERS = List.of(4, 6, 7, 9);

    private final FileChannel file;
    private final List<ParquetField> fields;
    private final Map<String, String> metadata;
    private final List<CompactStruct> groups;

    private ParquetFile(FileChannel file, CompactStruct footer) throws ParquetFormatException {
        this.file = file;
        List<CompactStruct> schema = footer.structsAt(2);
        int[] next = {1, 0}; // element, column
        this.fields = children(schema, schema.get(0).sizeAt(5), next, 0, 0);
        this.metadata = new HashMap<>();
        if (footer.has(5))
            for (CompactStruct pair : footer.structsAt(5))
                if (pair.has(2)) metadata.put(pair.textAt(1), pair.textAt(2));
        this.groups = footer.structsAt(4);
        for (CompactStruct group : groups) {
            if (group.structsAt(1).size() != next[1]) throw new IllegalArgumentException("columns are missing");
            group.longAt(3);
            for (CompactStruct chunk : group.structsAt(1)) {
                for (int field : COLUMN_NUMBERS) chunk.structAt(3).longAt(field);
            }
        }
    }

    /**
     * Opens a file and reads its footer.
     *
     * @throws ParquetFormatException if it is not a Parquet file, or corrupt
     */
    public static ParquetFile open(Path path) throws IOException {
        FileChannel file = FileChannel.open(path, StandardOpenOption.READ);
        try {
            return new ParquetFile(file, footer(path, file));
        } catch (RuntimeException | EOFException e) {
            file.close();
            String reason = e.getMessage() == null ? "its footer ends early" : e.getMessage();
            throw new ParquetFormatException("is truncated or corrupt: " + reason, e);
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    private static CompactStruct footer(Path path, FileChannel file) throws IOException {
        Optional<String> pointer = GitLfs.pointer(path);
        if (pointer.isPresent()) throw new ParquetFormatException(pointer.get());
        long size = file.size();
        if (size < 4 + TAIL) throw new ParquetFormatException("is not a Parquet file: it has " + size + " bytes");
        String start = text(read(file, 0, 4), 0);
        byte[] tail = read(file, size - TAIL, TAIL);
        String end = text(tail, 4);
        if (end.equals(ENCRYPTED)) throw new ParquetFormatException("is encrypted, which is not supported");
        if (!start.equals(MAGIC))
            throw new ParquetFormatException("is not a Parquet file; expected one that begins with PAR1");
        if (!end.equals(MAGIC))
            throw new ParquetFormatException("is truncated: it does not end with PAR1; download or write it again");
        int length = ByteBuffer.wrap(tail).order(ByteOrder.LITTLE_ENDIAN).getInt();
        if (length < 1 || length > size - TAIL - 4) throw new EOFException("its footer ends early");
        return new CompactReader(ByteBuffer.wrap(read(file, size - TAIL - length, length))).struct();
    }

    private static String text(byte[] bytes, int from) {
        return new String(bytes, from, 4, StandardCharsets.ISO_8859_1);
    }

    /** Reads bytes at a position. */
    static byte[] read(FileChannel file, long position, int length) throws IOException {
        if (length < 0 || position < 0 || position + length > file.size()) throw new EOFException("it ends early");
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (file.read(bytes, position + bytes.position()) < 0) throw new EOFException("it ends early");
        }
        return bytes.array();
    }

    /** @param next index of the next element of the schema, and of the next column; both are advanced */
    private static List<ParquetField> children(
            List<CompactStruct> schema, int count, int[] next, int definition, int repetition) {
        List<ParquetField> children = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            CompactStruct element = schema.get(next[0]++);
            int kind = element.intAt(3, 0);
            int maxDefinition = definition + (kind == 0 ? 0 : 1);
            int maxRepetition = repetition + (kind == 2 ? 1 : 0);
            boolean group = element.has(5);
            if (group) {
                children.add(new ParquetField(
                        element.textAt(4),
                        children(schema, element.sizeAt(5), next, maxDefinition, maxRepetition),
                        Optional.empty(),
                        false,
                        -1,
                        maxDefinition,
                        maxRepetition));
                continue;
            }
            // UTF8, ENUM and JSON are the converted types 0, 4 and 19, and the logical types 1, 4 and 12.
            int converted = element.intAt(6, -1);
            boolean text = converted == 0 || converted == 4 || converted == 19;
            if (element.has(10)) {
                CompactStruct logical = element.structAt(10);
                text |= logical.has(1) || logical.has(4) || logical.has(12);
            }
            children.add(new ParquetField(
                    element.textAt(4),
                    List.of(),
                    Optional.of(ParquetType.of(element.intAt(1))),
                    text,
                    next[1]++,
                    maxDefinition,
                    maxRepetition));
        }
        return children;
    }

    /** Columns and groups of columns at the top level. */
    public List<ParquetField> fields() {
        return List.copyOf(fields);
    }

    /** Texts that the writer added, by key. */
    public Map<String, String> metadata() {
        return Map.copyOf(metadata);
    }

    /** Number of row groups. */
    public int groups() {
        return groups.size();
    }

    /** Number of rows of a row group. */
    public int rows(int group) throws ParquetFormatException {
        long rows = groups.get(group).longAt(3);
        if (rows < 0 || rows > Integer.MAX_VALUE - 8)
            throw new ParquetFormatException("has a row group of " + rows + " rows; write it with smaller row groups");
        return (int) rows;
    }

    /** Bytes of a column in all row groups, without compression. */
    public long bytes(ParquetField column) {
        return groups.stream()
                .mapToLong(group ->
                        group.structsAt(1).get(column.column()).structAt(3).longAt(6))
                .sum();
    }

    /** Pages of a column that is not repeated. */
    public ColumnPages pages(int group, ParquetField column) throws IOException {
        if (column.column() < 0 || column.maxRepetition() > 0)
            throw new IllegalArgumentException("'" + column.name() + "' does not have one value per row");
        try {
            CompactStruct chunk = groups.get(group).structsAt(1).get(column.column());
            if (chunk.has(1)) throw new ParquetFormatException("has columns in other files, which is not supported");
            return new ColumnPages(file, column, chunk.structAt(3));
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new ParquetFormatException("is truncated or corrupt: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
