package org.vit4j.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.config.ConfigError;
import org.vit4j.data.image.ImageFile;
import org.vit4j.model.Prediction;
import org.vit4j.model.RandomModel;
import org.vit4j.model.SavedModel;
import org.vit4j.run.RunConfig;

/** Predictions of two executors equal those of one machine bit for bit. */
class SparkPredictTest {
    private static SparkSession spark;

    @TempDir
    static Path directory;

    private static Path model;

    @BeforeAll
    static void start() {
        spark = LocalCluster.shared();
        model = directory.resolve("model.keras");
        RunConfig config = RunConfig.open("digits-vit", List.of("model.classes=2", "model.depth=1"));
        RandomModel.write(model, "tiny", config, List.of("zero", "one"), 3);
        DigitFolders.folder(directory.resolve("images"), 35, 4);
    }

    private static void assertSame(List<Row> rows, int count) {
        assertThat(rows).hasSize(count);
        try (SavedModel here = SavedModel.load(model)) {
            for (Row row : rows) {
                String path = row.getAs("path");
                var image = ImageFile.read(Path.of(java.net.URI.create(path)), 1);
                float[] logits =
                        here.inference().logits(here.prepare(List.of(image))).toFloatVector();
                assertThat(row.<Float>getList(row.fieldIndex("logits"))).containsExactly(logits[0], logits[1]);
                Prediction best = here.predict(image, 1).get(0);
                assertThat(row.<String>getAs("label")).isEqualTo(best.label());
                assertThat(row.<Integer>getAs("index")).isEqualTo(best.index());
                assertThat(row.<Double>getAs("probability")).isEqualTo(best.probability());
            }
        }
    }

    @Test
    void predictionsAreAddedToRowsWithContentAndToRowsWithPathOnly() {
        var images =
                ImageSources.images(spark, List.of(directory.resolve("images").toString()));
        SparkPredictor predictor = SparkPredictor.load(spark, model);
        var predictions = predictor.predict(images);
        assertThat(predictions.columns()).containsExactly("path", "label", "index", "probability", "logits");
        List<Row> rows = predictions.repartition(3).collectAsList();
        assertSame(rows, 78);
        assertSame(predictor.predict(images.select("path")).collectAsList(), 78);
        for (Row row : predictor.batch(32).predict(images).collectAsList()) {
            Row alone = rows.stream()
                    .filter(r -> r.getAs("path").equals(row.getAs("path")))
                    .findFirst()
                    .orElseThrow();
            assertThat(row.<Double>getAs("probability")).isCloseTo(alone.getAs("probability"), within(1e-6));
        }
    }

    @Test
    void predictionsAreWrittenAsATable() {
        String table = directory.resolve("predictions.parquet").toString();
        var predictions = SparkPredictor.load(spark, model)
                .predict(ImageSources.images(
                        spark, List.of(directory.resolve("images/val").toString())));
        assertThat(ImageSources.write(predictions, table)).isEqualTo(8);
        assertSame(spark.read().parquet(table).collectAsList(), 8);
        assertThatThrownBy(() -> ImageSources.write(predictions, table))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("already exists");
    }

    @Test
    void unreadableImagesAreReportedAndOmitted() throws IOException {
        Path folder = directory.resolve("mixed");
        DigitFolders.folder(folder, 6, 2);
        Path bad = Files.writeString(folder.resolve("val/one/text.png"), "no image");
        Files.writeString(folder.resolve("val/one/._x.png"), "hidden");
        Files.createSymbolicLink(folder.resolve("val/dead.png"), Path.of("nowhere"));
        Files.createSymbolicLink(folder.resolve("val/loop"), folder);
        Files.createSymbolicLink(folder.resolve("val/one/_linked"), folder.resolve("train"));
        List<String> places = List.of(folder.resolve("val").toString());
        String table = directory.resolve("mixed.parquet").toString();
        long images = ImageSources.images(spark, places).count() - 1;
        var predicted = SparkCluster.predict(spark, model, places, table, false);
        assertThat(predicted.images()).isEqualTo(images);
        assertThat(predicted.unreadable()).singleElement().asString().startsWith("file:" + bad + ": is not an image");
        assertSame(spark.read().parquet(table).collectAsList(), (int) images);
        String stopped = directory.resolve("stopped.parquet").toString();
        assertThatThrownBy(() -> SparkCluster.predict(spark, model, places, stopped, true))
                .isInstanceOf(ConfigError.class)
                .hasMessageStartingWith("file:" + bad + ": is not an image");
        List<String> badOnly = List.of(bad.toString());
        String none = directory.resolve("nothing.parquet").toString();
        assertThatThrownBy(() -> SparkCluster.predict(spark, model, badOnly, none, false))
                .isInstanceOf(ConfigError.class)
                .hasMessageStartingWith("file:" + bad + ": is not an image");
        assertThat(Path.of(none)).doesNotExist();
    }

    @Test
    void fileThatIsNotAnImageIsReported() throws IOException {
        Path bad = Files.createDirectories(directory.resolve("bad")).resolve("text.png");
        Files.writeString(bad, "not an image");
        var predictions = SparkPredictor.load(spark, model)
                .predict(ImageSources.images(spark, List.of(bad.getParent().toString())));
        assertThatThrownBy(() -> ImageSources.write(
                        predictions, directory.resolve("none.parquet").toString()))
                .isInstanceOf(ConfigError.class)
                .hasMessage("file:" + bad + ": is not an image; expected PNG, JPEG, GIF, BMP, WebP, TIFF or PNM");
        assertThatThrownBy(() -> ImageSources.images(
                        spark, List.of(directory.resolve("absent").toString())))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("no such file or directory");
    }
}
