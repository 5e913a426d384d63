package org.vit4j.data.shards;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.vit4j.config.ConfigError;
import org.vit4j.config.Suggestions;
import org.vit4j.io.AtomicFiles;
import org.vit4j.parquet.ColumnPages;
import org.vit4j.parquet.ColumnValues;
import org.vit4j.parquet.ParquetField;
import org.vit4j.parquet.ParquetFile;
import org.vit4j.parquet.ParquetFormatException;

/** Reads the columns, the labels and the paths of a Parquet file of images. */
final class ParquetIndexer {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String IMAGE = "image";
    private static final String LABEL = "label";
    private static final String HUGGING_FACE = "huggingface";

    /** Receives the value of a row. */
    @FunctionalInterface
    private interface RowAction {
        void accept(int row, ColumnValues values, int i);
    }

    /** Reads the labels of all rows. */
    @FunctionalInterface
    private interface LabelColumn {
        LabelValues read(ParquetFile parquet, int rows) throws IOException;
    }

    private final Path file;
    private final ShardConfig config;

    ParquetIndexer(Path file, ShardConfig config) {
        this.file = file;
        this.config = config;
    }

    ParquetShard index() {
        return index(this::labels);
    }

    /** Like {@link #index}, without the labels. */
    ParquetShard unlabeled() {
        return index((parquet, rows) -> LabelValues.NONE);
    }

    private ParquetShard index(LabelColumn labelColumn) {
        try (ParquetFile parquet = ParquetFile.open(file)) {
            int[] groups = new int[parquet.groups() + 1];
            for (int g = 0; g < parquet.groups(); g++) groups[g + 1] = Math.addExact(groups[g], parquet.rows(g));
            int rows = groups[groups.length - 1];
            if (rows == 0) throw new ConfigError(file + ": has no rows; remove it");
            ParquetField column = imageColumn(parquet);
            ParquetField image =
                    column.children().isEmpty() ? column : column.child("bytes").orElseThrow();
            Optional<NameList> paths = Optional.empty();
            Optional<ParquetField> path = column.child("path").filter(ParquetField::isText);
            if (path.isPresent()) paths = Optional.of(paths(parquet, path.get()));
            LabelValues labels = labelColumn.read(parquet, rows);
            return new ParquetShard(file, labels, image, column.name(), groups, paths, parquet.bytes(image));
        } catch (NoSuchFileException e) {
            throw new ConfigError(file + ": does not exist", e);
        } catch (ParquetFormatException e) {
            throw new ConfigError(file + ": " + e.getMessage(), e);
        } catch (ArithmeticException e) {
            throw new ConfigError(file + ": has more than 2^31 rows", e);
        } catch (IOException e) {
            throw new ConfigError(file + ": cannot be read: " + AtomicFiles.reason(e), e);
        }
    }

    private ParquetField imageColumn(ParquetFile parquet) {
        Optional<ParquetField> named = named(parquet, config.imageColumn().orElse(IMAGE));
        if (named.isEmpty() && config.imageColumn().isEmpty()) {
            List<ParquetField> candidates =
                    parquet.fields().stream().filter(ParquetIndexer::hasBytes).toList();
            if (candidates.size() == 1) return candidates.get(0);
        }
        ParquetField column =
                named.orElseThrow(() -> missing(parquet, config.imageColumn().orElse(IMAGE), "data.image_column"));
        if (hasBytes(column)) return column;
        throw new ConfigError(file + ": column '" + column.name() + "' has type " + column.describe()
                + "; expected bytes, or struct<bytes: bytes, path: text> as Hugging Face writes images");
    }

    /** Bytes, or a group with bytes. */
    private static boolean hasBytes(ParquetField column) {
        return column.isBytes()
                || column.child("bytes").filter(ParquetField::isBytes).isPresent();
    }

    private static Optional<ParquetField> named(ParquetFile parquet, String name) {
        return parquet.fields().stream()
                .filter(field -> field.name().equals(name))
                .findFirst();
    }

    private ConfigError missing(ParquetFile parquet, String name, String key) {
        List<String> names = parquet.fields().stream().map(ParquetField::name).toList();
        Optional<String> near = Suggestions.nearest(name, names);
        String columns = parquet.fields().stream()
                .map(field -> field.name() + ": " + field.describe())
                .collect(Collectors.joining(", "));
        return new ConfigError(file + ": no column '" + name + "'"
                + near.map(word -> ", did you mean '" + word + "'?").orElse("") + " Set " + key
                + " to one of the columns (" + columns + ")"
                + (key.equals("data.image_column") ? "; option --image-column of predict" : ""));
    }

    private LabelValues labels(ParquetFile parquet, int rows) throws IOException {
        String name = config.labelColumn().orElse(LABEL);
        ParquetField column = named(parquet, name).orElseThrow(() -> missing(parquet, name, "data.label_column"));
        if (column.isText()) {
            List<String> texts = new ArrayList<>(rows);
            forEach(
                    parquet,
                    column,
                    (row, values, i) -> texts.add(present(row, name, values, i).text(i)));
            return LabelValues.ofNames(texts);
        }
        if (!column.isInteger())
            throw new ConfigError(file + ": column '" + name + "' has type " + column.describe()
                    + "; expected integers, or text with the names of the classes");
        int[] numbers = new int[rows];
        forEach(parquet, column, (row, values, i) -> {
            long number = present(row, name, values, i).number(i);
            if (number != (int) number)
                throw new ConfigError(file + ": row " + row + ": label " + number + " is out of range");
            numbers[row] = (int) number;
        });
        return LabelValues.ofNumbers(numbers, classNames(parquet, name));
    }

    private ColumnValues present(int row, String column, ColumnValues values, int i) {
        if (values.isMissing(i))
            throw new ConfigError(file + ": row " + row + ": column '" + column + "' has no value; expected a label");
        return values;
    }

    private NameList paths(ParquetFile parquet, ParquetField path) throws IOException {
        NameList.NameListBuilder names = new NameList.NameListBuilder();
        forEach(parquet, path, (row, values, i) -> names.add(values.isMissing(i) ? "" : values.text(i)));
        return names.build();
    }

    private static void forEach(ParquetFile parquet, ParquetField column, RowAction action) throws IOException {
        int row = 0;
        int end = 0;
        for (int group = 0; group < parquet.groups(); group++) {
            end += parquet.rows(group);
            if (row == end) continue; // without rows, and perhaps without the position of a page
            ColumnPages pages = parquet.pages(group, column);
            while (pages.next()) {
                ColumnValues values = pages.values();
                if (row + values.size() > end) throw wrongCount(column, group);
                for (int i = 0; i < values.size(); i++) action.accept(row++, values, i);
            }
            if (row != end) throw wrongCount(column, group);
        }
    }

    private static ParquetFormatException wrongCount(ParquetField column, int group) {
        return new ParquetFormatException("is truncated or corrupt: column '" + column.name() + "' of row group "
                + group + " does not have as many rows as its footer states");
    }

    /** Names of a ClassLabel in the metadata of Hugging Face's datasets. */
    private List<String> classNames(ParquetFile parquet, String column) {
        String metadata = parquet.metadata().get(HUGGING_FACE);
        if (metadata == null) return List.of();
        try {
            JsonNode names = JSON.readTree(metadata)
                    .path("info")
                    .path("features")
                    .path(column)
                    .path("names");
            List<String> list = new ArrayList<>();
            names.forEach(name -> list.add(name.asText()));
            return list;
        } catch (IOException e) {
            throw new ConfigError(file + ": its metadata '" + HUGGING_FACE + "' is not JSON", e);
        }
    }
}
