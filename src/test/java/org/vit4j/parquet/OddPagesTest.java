package org.vit4j.parquet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pages that other writers may write. */
class OddPagesTest {
    private static final int DELTA_BINARY_PACKED = 5;
    private static final int DATA = 0;
    private static final int DATA_V2 = 3;

    @TempDir
    Path dir;

    private static ParquetField column(ParquetType type) {
        return new ParquetField("x", List.of(), Optional.of(type), false, 0, 1, 0);
    }

    private FileChannel page(Consumer<CompactWriter> header, byte[] body) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes("PAR1".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        CompactWriter writer = new CompactWriter(bytes);
        header.accept(writer);
        writer.end();
        bytes.writeBytes(body);
        return FileChannel.open(Files.write(dir.resolve("pages"), bytes.toByteArray()));
    }

    private static ColumnPages pages(FileChannel file, ParquetType type, ParquetCodec codec) throws IOException {
        Map<Integer, Object> metadata = Map.of(4, (long) codec.number(), 6, file.size(), 7, file.size() - 4, 9, 4L);
        ColumnPages pages = new ColumnPages(file, column(type), new CompactStruct(metadata));
        assertThat(pages.next()).isTrue();
        return pages;
    }

    /** Some writers compress the values of such a page, which has none, to one byte. */
    @Test
    void pageOfTheSecondVersionWithoutValuesMayHaveCompressedBytes() throws IOException {
        byte[] body = {6, 0, 0}; // run of three levels 0; an empty block of Snappy
        Consumer<CompactWriter> header = h -> h.i32(1, DATA_V2)
                .i32(2, 2)
                .i32(3, 3)
                .struct(
                        8,
                        d -> d.i32(1, 3)
                                .i32(2, 3)
                                .i32(3, 3)
                                .i32(4, ValueDecoder.PLAIN)
                                .i32(5, 2)
                                .i32(6, 0));
        try (FileChannel file = page(header, body)) {
            ColumnValues values =
                    pages(file, ParquetType.BYTE_ARRAY, ParquetCodec.SNAPPY).values();
            assertThat(values.size()).isEqualTo(3);
            assertThat(values.isMissing(0) && values.isMissing(2)).isTrue();
        }
    }

    @Test
    void pageWithoutValuesNeedsNoDictionary() throws IOException {
        byte[] body = {2, 0, 0, 0, 6, 0}; // length of the levels, run of three levels 0
        Consumer<CompactWriter> header = h -> h.i32(1, DATA)
                .i32(2, 6)
                .i32(3, 6)
                .struct(
                        5,
                        d -> d.i32(1, 3)
                                .i32(2, ValueDecoder.RLE_DICTIONARY)
                                .i32(3, ValueDecoder.RLE)
                                .i32(4, ValueDecoder.RLE));
        try (FileChannel file = page(header, body)) {
            ColumnValues values =
                    pages(file, ParquetType.INT64, ParquetCodec.UNCOMPRESSED).values();
            assertThat(values.size()).isEqualTo(3);
            assertThat(values.isMissing(1)).isTrue();
        }
    }

    @Test
    void aPageThatTheHeapCannotHoldIsAnErrorOfTheFile() throws IOException {
        Consumer<CompactWriter> header = h -> h.i32(1, DATA)
                .i32(2, Integer.MAX_VALUE)
                .i32(3, 6)
                .struct(
                        5,
                        d -> d.i32(1, 3)
                                .i32(2, ValueDecoder.PLAIN)
                                .i32(3, ValueDecoder.RLE)
                                .i32(4, ValueDecoder.RLE));
        try (FileChannel file = page(header, new byte[6])) {
            ColumnPages pages = pages(file, ParquetType.INT64, ParquetCodec.SNAPPY);
            assertThatThrownBy(pages::values)
                    .isInstanceOf(ParquetFormatException.class)
                    .hasMessageContaining("column 'x' has a page of 2147.5 MB")
                    .hasMessageContaining("VIT4J_JAVA_OPTS");
        }
    }

    /** Writers subtract integers of 32 bits modulo 2^32. */
    @Test
    void deltasOfSmallIntegersWrapAround() throws IOException {
        // Blocks of 128 in one part, two values: the largest, then a block with the smallest delta 1 and 0 bits.
        byte[] page = {(byte) 0x80, 1, 1, 2, (byte) 0xFE, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, 0xF, 2, 0};
        ColumnValues values = ValueDecoder.decode(ParquetType.INT32, DELTA_BINARY_PACKED, page, 0, 2, Optional.empty());
        assertThat(values.number(0)).isEqualTo(Integer.MAX_VALUE);
        assertThat(values.number(1)).isEqualTo(Integer.MIN_VALUE);
    }
}
