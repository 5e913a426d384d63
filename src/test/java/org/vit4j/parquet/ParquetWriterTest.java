package org.vit4j.parquet;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.parquet.ParquetWriter.ColumnSpec;
import org.vit4j.parquet.ParquetWriter.ColumnType;

/** Tables read again; {@code checks/real/shards.py} reads them by pyarrow, pandas and datasets. */
class ParquetWriterTest {
    private static final int ROWS = 5000;

    @TempDir
    Path dir;

    @Test
    void valuesOfSeveralRowGroupsAreReadAgain() throws IOException {
        Path file = dir.resolve("a.parquet");
        List<ColumnSpec> columns = List.of(
                new ColumnSpec("name", ColumnType.TEXT),
                new ColumnSpec("small", ColumnType.INTEGER),
                new ColumnSpec("large", ColumnType.LONG),
                new ColumnSpec("raw", ColumnType.BYTES),
                new ColumnSpec("rate", ColumnType.DOUBLE),
                new ColumnSpec("list", ColumnType.FLOATS));
        try (ParquetWriter writer = new ParquetWriter(file, columns)) {
            for (int i = 0; i < ROWS; i++)
                writer.row(List.of("ä" + i, -i, i * 10_000_000_000L, new byte[8000], i / 2.0, new float[i % 3]));
        }
        try (ParquetFile read = ParquetFile.open(file)) {
            assertThat(read.groups()).isGreaterThan(1);
            assertThat(read.fields().stream().map(ParquetField::describe))
                    .containsExactly(
                            "text",
                            "int32",
                            "int64",
                            "bytes",
                            "double",
                            "struct<list: list of struct<element: list of float>>");
            int row = 0;
            for (int group = 0; group < read.groups(); group++) {
                ColumnValues names = only(read, group, 0);
                ColumnValues small = only(read, group, 1);
                ColumnValues large = only(read, group, 2);
                ColumnValues raw = only(read, group, 3);
                for (int i = 0; i < read.rows(group); i++, row++) {
                    assertThat(names.text(i)).isEqualTo("ä" + row);
                    assertThat(small.number(i)).isEqualTo(-row);
                    assertThat(large.number(i)).isEqualTo(row * 10_000_000_000L);
                    assertThat(raw.bytes(i)).hasSize(8000);
                }
            }
            assertThat(row).isEqualTo(ROWS);
        }
    }

    private static ColumnValues only(ParquetFile file, int group, int column) throws IOException {
        ColumnPages pages = file.pages(group, file.fields().get(column));
        assertThat(pages.next()).isTrue();
        ColumnValues values = pages.values();
        assertThat(pages.next()).isFalse();
        return values;
    }

    @Test
    void tableWithoutRowsIsRead() throws IOException {
        Path file = dir.resolve("empty.parquet");
        new ParquetWriter(file, List.of(new ColumnSpec("x", ColumnType.TEXT))).close();
        try (ParquetFile read = ParquetFile.open(file)) {
            assertThat(read.groups()).isZero();
            assertThat(read.fields()).hasSize(1);
        }
    }
}
