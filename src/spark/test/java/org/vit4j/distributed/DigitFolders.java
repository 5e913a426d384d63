package org.vit4j.distributed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.vit4j.data.datasets.Digits;
import org.vit4j.data.image.ImageFile;

/** Writes some of the packaged digits as image folders and as Parquet tables. */
final class DigitFolders {
    private DigitFolders() {}

    /** Writes {@code train/<class>/*.png} and {@code val/<class>/*.png} of two classes. */
    static void folder(Path root, int training, int validation) {
        var split = Digits.split(0.2, 0);
        write(split.train(), root.resolve("train"), training);
        write(split.validation(), root.resolve("val"), validation);
    }

    private static void write(org.vit4j.data.datasets.Dataset digits, Path directory, int ofClass) {
        int[] count = new int[2];
        for (int i = 0; i < digits.size(); i++) {
            int label = digits.label(i);
            if (label > 1 || count[label]++ >= ofClass) continue;
            Path file =
                    directory.resolve(label == 0 ? "zero" : "one").resolve(String.format(Locale.ROOT, "%04d.png", i));
            try {
                Files.createDirectories(file.getParent());
                ImageIO.write(ImageFile.toBufferedImage(digits.image(i)), "png", file.toFile());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** Writes the files of a folder, in order, as a table of (bytes, label) with many row groups. */
    static void table(SparkSession spark, Path folder, Path table) {
        for (String split : List.of("train", "val")) {
            List<Row> rows = new ArrayList<>();
            try (var files = Files.walk(folder.resolve(split))) {
                for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                    rows.add(RowFactory.create(
                            Files.readAllBytes(file),
                            file.getParent().getFileName().toString()));
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            StructType schema =
                    new StructType().add("bytes", DataTypes.BinaryType).add("label", DataTypes.StringType);
            Dataset<Row> data = spark.createDataFrame(rows, schema).coalesce(1);
            data.write()
                    .option("parquet.block.size", 1024)
                    .option("parquet.page.size.row.check.min", 4)
                    .option("parquet.block.size.row.check.min", 4)
                    .option("parquet.block.size.row.check.max", 4)
                    .parquet(table.resolve(split).toString());
        }
    }
}
