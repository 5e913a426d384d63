package org.vit4j.data.shards;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.datasets.DatasetSplits;
import org.vit4j.data.datasets.Digits;
import org.vit4j.data.datasets.OnCorrupt;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.TestImages;
import org.vit4j.parquet.ParquetWriter;

/** Shards of digits, for tests. */
public final class TestShards {
    private static final Dataset DIGITS = Digits.all();

    private TestShards() {}

    /** PNG file of a digit. */
    public static byte[] png(int digit) {
        Image image = DIGITS.image(digit);
        var gray = new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_BYTE_GRAY);
        for (int y = 0; y < image.height(); y++)
            for (int x = 0; x < image.width(); x++) gray.getRaster().setSample(x, y, 0, (int) image.at(y, x, 0));
        return TestImages.encode(gray, "png");
    }

    /** Class of a digit. */
    public static int label(int digit) {
        return DIGITS.label(digit);
    }

    public static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Writes a tar file of members in order. */
    public static Path tar(Path file, Map<String, byte[]> members) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            try (var out = new TarArchiveOutputStream(Files.newOutputStream(file))) {
                out.setLongFileMode(TarArchiveOutputStream.LONGFILE_GNU);
                for (Map.Entry<String, byte[]> member : members.entrySet()) {
                    TarArchiveEntry entry = new TarArchiveEntry(member.getKey());
                    entry.setSize(member.getValue().length);
                    out.putArchiveEntry(entry);
                    out.write(member.getValue());
                    out.closeArchiveEntry();
                }
            }
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Members of the digits from {@code from} to {@code to}. */
    public static Map<String, byte[]> samples(int from, int to) {
        Map<String, byte[]> members = new LinkedHashMap<>();
        for (int i = from; i < to; i++) {
            String key = String.format(Locale.ROOT, "%05d", i);
            members.put(key + ".cls", text(label(i) + "\n"));
            members.put(key + ".png", png(i));
        }
        return members;
    }

    /** Writes digits to {@code train-*.tar} and {@code val-0.tar}. */
    public static void tars(Path directory, int validation, int... trainingSizes) {
        int from = validation;
        tar(directory.resolve("val-0.tar"), samples(0, validation));
        for (int i = 0; i < trainingSizes.length; i++) {
            tar(directory.resolve("train-" + i + ".tar"), samples(from, from + trainingSizes[i]));
            from += trainingSizes[i];
        }
    }

    /** Writes the images of {@link #tars} to Parquet files of the same names. */
    public static void tables(Path directory, int validation, int... trainingSizes) {
        int from = validation;
        table(directory.resolve("val-0.parquet"), 0, validation);
        for (int i = 0; i < trainingSizes.length; i++) {
            table(directory.resolve("train-" + i + ".parquet"), from, from + trainingSizes[i]);
            from += trainingSizes[i];
        }
    }

    private static void table(Path file, int from, int to) {
        List<ParquetWriter.ColumnSpec> columns = List.of(
                new ParquetWriter.ColumnSpec("image", ParquetWriter.ColumnType.BYTES),
                new ParquetWriter.ColumnSpec("label", ParquetWriter.ColumnType.LONG));
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            try (ParquetWriter writer = new ParquetWriter(file, columns)) {
                for (int i = from; i < to; i++) writer.row(List.of(png(i), (long) label(i)));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static DatasetSplits open(ShardFormat format, Path path, ShardConfig config) {
        return ShardDatasets.open(
                format,
                path.toString(),
                config,
                new ShardDatasets.ShardSplit(List.of(), OptionalDouble.empty(), 0),
                new ShardedImages.ImageReading(1, OnCorrupt.FAIL, 1 << 20));
    }
}
