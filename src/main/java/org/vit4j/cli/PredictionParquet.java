package org.vit4j.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.vit4j.parquet.ParquetWriter;
import org.vit4j.parquet.ParquetWriter.ColumnSpec;
import org.vit4j.parquet.ParquetWriter.ColumnType;

/**
 * Parquet file of predictions with one row per image: the columns of the CSV table of {@link PredictionTable}, but logits and
 * features are the columns {@code logits} and {@code features} of lists.
 */
final class PredictionParquet implements PredictionWriter {
    private static final List<ColumnSpec> WITHOUT_IMAGES = List.of(
            new ColumnSpec("path", ColumnType.TEXT),
            new ColumnSpec("index", ColumnType.INTEGER),
            new ColumnSpec("label", ColumnType.TEXT),
            new ColumnSpec("probability", ColumnType.DOUBLE));

    private final Path file;
    private Optional<ParquetWriter> writer = Optional.empty();

    PredictionParquet(Path file) {
        this.file = file;
    }

    @Override
    public void write(PredictedImage image) {
        List<Object> row = new ArrayList<>(withoutArrays(image, PredictionTable.row(image)));
        image.logits().ifPresent(row::add);
        image.features().ifPresent(row::add);
        try {
            if (writer.isEmpty()) writer = Optional.of(new ParquetWriter(file, columns(image, row)));
            writer.get().row(row);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Cells before those of the logits and the features. */
    private static List<Object> withoutArrays(PredictedImage image, List<Object> cells) {
        int values = image.logits().map(row -> row.length).orElse(0)
                + image.features().map(row -> row.length).orElse(0);
        return cells.subList(0, cells.size() - values);
    }

    private static List<ColumnSpec> columns(PredictedImage image, List<Object> row) {
        List<Object> names = new ArrayList<>(withoutArrays(image, PredictionTable.header(image)));
        image.logits().ifPresent(values -> names.add("logits"));
        image.features().ifPresent(values -> names.add("features"));
        List<ColumnSpec> columns = new ArrayList<>();
        for (int i = 0; i < row.size(); i++) columns.add(new ColumnSpec((String) names.get(i), type(row.get(i))));
        return columns;
    }

    private static ColumnType type(Object value) {
        if (value instanceof Integer) return ColumnType.INTEGER;
        if (value instanceof Double) return ColumnType.DOUBLE;
        return value instanceof float[] ? ColumnType.FLOATS : ColumnType.TEXT;
    }

    /** Writes a table without rows if no image could be read. */
    @Override
    public void close() {
        try {
            if (writer.isEmpty()) writer = Optional.of(new ParquetWriter(file, WITHOUT_IMAGES));
            writer.get().close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
