package org.vit4j.distributed;

import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.vit4j.config.ConfigError;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.datasets.EncodedImages;
import org.vit4j.data.datasets.NaturalOrder;
import org.vit4j.data.datasets.OnCorrupt;
import org.vit4j.data.image.ImageFile;

/**
 * Parquet files with a column of encoded images and one of labels. The driver reads only the labels; executors read the
 * images they need, with {@link RowGroupCache}.
 *
 * @param groups row groups, the files in natural order of their names
 * @param labels of every row, as text
 */
record ParquetTable(String directory, String images, List<RowGroup> groups, List<String> labels)
        implements Serializable {
    static final String LABEL = "label";

    /** Rows that are stored together. */
    record RowGroup(String file, int number, int rows) implements Serializable {}

    /** @param directory with .parquet files in it, at any depth */
    static ParquetTable of(String directory) {
        List<String> files = files(directory);
        if (files.isEmpty()) throw new ConfigError(directory + ": has no .parquet files");
        List<RowGroup> groups = new ArrayList<>();
        List<String> labels = new ArrayList<>();
        String images = null;
        for (String file : files) {
            try (ParquetFileReader reader = ParquetRows.open(file)) {
                List<Type> columns = reader.getFileMetaData().getSchema().getFields();
                String here = binary(file, columns);
                if (images != null && !images.equals(here)) {
                    throw new ConfigError(file + ": images are in column '" + here + "'; expected '" + images
                            + "' as in the other files");
                }
                images = here;
                for (int number = 0; number < reader.getRowGroups().size(); number++) {
                    List<String> of = ParquetRows.texts(reader, number, LABEL);
                    groups.add(new RowGroup(file, number, of.size()));
                    labels.addAll(of);
                }
            } catch (IOException | RuntimeException e) {
                throw ParquetRows.corrupt(file, e);
            }
        }
        return new ParquetTable(directory, images, List.copyOf(groups), List.copyOf(labels));
    }

    private static List<String> files(String directory) {
        try {
            List<String> files = new ArrayList<>();
            RemoteIterator<LocatedFileStatus> all =
                    HadoopFiles.system(directory).listFiles(new Path(directory), true);
            while (all.hasNext()) {
                String file = all.next().getPath().toString();
                if (file.endsWith(".parquet")) files.add(file);
            }
            files.sort(NaturalOrder.INSTANCE);
            return files;
        } catch (IOException e) {
            throw new ConfigError(directory + ": cannot be listed: " + e.getMessage(), e);
        }
    }

    /** Name of the only column of bytes. Text columns have a logical type. */
    private static String binary(String file, List<Type> columns) {
        List<String> found = columns.stream()
                .filter(column -> column.isPrimitive()
                        && column.asPrimitiveType().getPrimitiveTypeName() == PrimitiveTypeName.BINARY
                        && column.getLogicalTypeAnnotation() == null)
                .map(Type::getName)
                .toList();
        boolean hasLabel = columns.stream().anyMatch(column -> column.getName().equals(LABEL));
        if (found.size() == 1 && hasLabel) return found.get(0);
        throw new ConfigError(file + ": expected one column of bytes and one named '" + LABEL + "', got "
                + columns.stream().map(Type::getName).toList());
    }

    /** Names of the classes: the labels of all rows, in natural order. */
    List<String> classes() {
        TreeSet<String> names = new TreeSet<>(NaturalOrder.INSTANCE);
        names.addAll(labels);
        return List.copyOf(names);
    }

    /** Opens the table for reading images, on the driver or on an executor. */
    Dataset open(List<String> classes, int channels, OnCorrupt onCorrupt, long maxPixels) {
        List<Integer> numbers = new ArrayList<>();
        List<String> names = new ArrayList<>();
        for (RowGroup group : groups) {
            for (int row = 0; row < group.rows; row++) {
                String label = labels.get(numbers.size());
                int number = classes.indexOf(label);
                if (number < 0)
                    throw new ConfigError(group.file + ": row " + row + ": unexpected class '" + label
                            + "'; it is not in the training data");
                numbers.add(number);
                names.add(group.file + ": row group " + group.number + ", row " + row);
            }
        }
        RowGroupCache cache = new RowGroupCache(images, groups);
        return new EncodedImages(
                directory,
                names,
                numbers,
                classes,
                i -> ImageFile.read(cache.image(i), names.get(i), channels, maxPixels),
                onCorrupt);
    }
}
