package org.vit4j.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vit4j.config.ConfigError;
import org.vit4j.run.RunConfig;

/** Training data from local folders, remote folders and Parquet tables, and errors for corrupt files. */
class SparkDataTest {
    private static final int STEPS = 6;

    private final SparkSession spark = LocalCluster.shared();

    @TempDir
    Path directory;

    private static RunConfig config(String dataset, String path, String... more) {
        List<String> overrides = new java.util.ArrayList<>(List.of(
                "model.dim=16",
                "model.depth=1",
                "model.heads=2",
                "model.classes=2",
                "train.epochs=2",
                "train.batch=16",
                "data.dataset=" + dataset,
                "data.path='" + path + "'"));
        overrides.addAll(List.of(more));
        return RunConfig.open("digits-vit", overrides);
    }

    private List<Double> losses(RunConfig config, String run) {
        CapturedLosses captured = new CapturedLosses(STEPS);
        SparkCluster.train(spark, config, directory.resolve(run), false, captured, captured);
        assertThat(captured.losses).hasSize(STEPS);
        return captured.losses;
    }

    @ParameterizedTest
    @ValueSource(strings = {"foo", "local[x]", "local[2"})
    void unknownMastersAreRejected(String master) {
        assertThatThrownBy(() -> SparkSessions.open(master, "test"))
                .isInstanceOf(ConfigError.class)
                .hasMessage(
                        "--spark " + master + ": unknown master; expected for example local[2] or spark://host:7077");
    }

    @ParameterizedTest
    @ValueSource(strings = {"s3a://bucket/images", "nowhere://host/images"})
    void fileSystemsWithoutClassesAreRejected(String path) {
        assertThatThrownBy(() -> HadoopFiles.system(path))
                .isInstanceOf(ConfigError.class)
                .hasMessageStartingWith(path + ": there is no file system for it (");
    }

    @Test
    void localFolderRemoteFolderAndTableGiveTheSameLosses() {
        Path folder = directory.resolve("folder");
        DigitFolders.folder(folder, 40, 8);
        Path table = directory.resolve("table");
        DigitFolders.table(spark, folder, table);
        assertThat(ParquetTable.of(table.resolve("train").toUri().toString()).groups())
                .hasSizeGreaterThan(3);
        List<Double> local = losses(config("image-folder", folder.toString()), "local");
        assertThat(losses(config("image-folder", "file://" + folder), "remote")).isEqualTo(local);
        assertThat(losses(config("parquet", table.toString()), "parquet")).isEqualTo(local);
    }

    @Test
    void unreadableImageIsReportedWithItsPartition() throws IOException {
        Path folder = directory.resolve("folder");
        DigitFolders.folder(folder, 16, 4);
        Path truncated = first(folder.resolve("train/one"));
        Files.write(truncated, java.util.Arrays.copyOf(Files.readAllBytes(truncated), 60));
        RunConfig config = config("image-folder", "file://" + folder, "train.batch=32");
        assertThatThrownBy(() -> losses(config, "run"))
                .isInstanceOf(ConfigError.class)
                .hasMessageMatching("partition [12] of 2: file:" + truncated + ": is truncated or corrupt: .*");
    }

    @Test
    void corruptTableIsReportedWithItsRowGroup() throws IOException {
        Path folder = directory.resolve("folder");
        DigitFolders.folder(folder, 16, 4);
        Path table = directory.resolve("table");
        DigitFolders.table(spark, folder, table);
        RunConfig config = config("parquet", table.toString(), "train.batch=32");
        // Corrupts the first page of images; the footer and the labels stay intact.
        Path file = first(table.resolve("train"));
        byte[] bytes = Files.readAllBytes(file);
        for (int i = 4; i < 40; i++) bytes[i] = (byte) 0xFF;
        Files.write(file, bytes);
        Files.deleteIfExists(file.resolveSibling("." + file.getFileName() + ".crc"));
        assertThatThrownBy(() -> losses(config, "run"))
                .isInstanceOf(ConfigError.class)
                .hasMessageMatching(
                        "(?s)partition [12] of 2: file:" + file + ": row group 0: is truncated or corrupt: .*");
    }

    @Test
    void dataForSparkIsRejectedWithoutSpark() {
        assertThatThrownBy(() -> config("parquet", "hdfs://host/table").data().open())
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("hdfs://host/table is read by Spark; train with --spark");
        assertThatThrownBy(() -> config("image-folder", "hdfs://host/x").data().open())
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("hdfs://host/x is read by Spark; train with --spark");
        assertThatThrownBy(() -> config("mnist", "s3a://bucket/x"))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("must be on this machine for mnist");
    }

    private static Path first(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file ->
                            file.toString().endsWith(".png") || file.toString().endsWith(".parquet"))
                    .sorted()
                    .findFirst()
                    .orElseThrow();
        }
    }
}
