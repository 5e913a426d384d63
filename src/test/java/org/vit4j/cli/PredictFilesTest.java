package org.vit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.ImageFile;
import org.vit4j.data.shards.TestShards;
import org.vit4j.model.Prediction;
import org.vit4j.model.RandomModel;
import org.vit4j.model.SavedModel;
import org.vit4j.parquet.ColumnPages;
import org.vit4j.parquet.ParquetFile;
import org.vit4j.parquet.ParquetWriter;
import org.vit4j.run.RunConfig;

/** Files that {@code predict} writes, lists of paths that it reads, and its augmentation. */
class PredictFilesTest {
    private static final List<String> CLASSES = List.of("cat", "dog, brown", "10");

    @TempDir
    static Path dir;

    private static Path model;

    @BeforeAll
    static void writeModelAndImages() throws IOException {
        model = dir.resolve("three.keras");
        RunConfig config = RunConfig.open(
                "digits-vit",
                List.of("model.classes=" + CLASSES.size(), "model.depth=1", "model.dim=16", "model.heads=2"));
        RandomModel.write(model, "three", config, CLASSES, 5);
        for (int i = 0; i < 5; i++) image("in/" + i + ".png", 40 * i, false);
        image("a b.png", 40, false);
        image("mirrored.png", 40, true);
    }

    private static void image(String name, int value, boolean mirrored) throws IOException {
        Path file = dir.resolve(name);
        Files.createDirectories(file.getParent());
        BufferedImage image = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
        for (int p = 0; p < 64; p++) {
            image.setRGB(mirrored ? 7 - p % 8 : p % 8, p / 8, (p * p + value) % 256 * 0x10101);
        }
        ImageIO.write(image, "png", file.toFile());
    }

    private static CommandLineTest.Outcome predict(String... more) {
        List<String> args = new ArrayList<>(List.of("predict", model.toString()));
        args.addAll(List.of(more));
        return CommandLineTest.run(args.toArray(String[]::new));
    }

    private static CommandLineTest.Outcome succeeds(String... more) {
        CommandLineTest.Outcome outcome = predict(more);
        assertThat(outcome.code()).as(outcome.err()).isZero();
        return outcome;
    }

    private static String in(String name) {
        return dir.resolve(name).toString();
    }

    @Test
    void csvHasOneRowPerImageAndEqualsTheJson() throws IOException {
        Path csv = dir.resolve("out/answers.csv");
        assertThat(succeeds(in("in"), "--top", "2", "-o", csv.toString()).out()).contains("5 inputs: " + csv);
        List<String> lines = Files.readAllLines(csv);
        assertThat(lines).hasSize(6);
        assertThat(lines.get(0)).isEqualTo("path,index,label,probability,index_2,label_2,probability_2");
        JsonNode all = predict(in("in"), "--top", "2", "--json").json();
        for (int i = 0; i < 5; i++) {
            JsonNode first = all.path(i).path("predictions").path(0);
            String label = first.path("label").asText();
            String quoted = label.contains(",") ? '"' + label + '"' : label;
            assertThat(lines.get(i + 1))
                    .startsWith(all.path(i).path("file").asText() + "," + first.path("index") + "," + quoted + ","
                            + first.path("probability").asDouble() + ",");
        }
    }

    @Test
    void jsonLinesHaveLogitsAndFeatures() throws IOException {
        Path lines = dir.resolve("answers.jsonl");
        succeeds(in("in"), "--logits", "--features", "-o", lines.toString(), "--workers", "2", "--batch", "2");
        List<String> all = Files.readAllLines(lines);
        assertThat(all).hasSize(5);
        JsonNode one = new ObjectMapper().readTree(all.get(3));
        assertThat(one.path("path").asText()).endsWith("3.png");
        assertThat(one.path("predictions")).hasSize(3);
        assertThat(one.path("label")).isEqualTo(one.path("predictions").path(0).path("label"));
        assertThat(one.path("features")).hasSize(16);
        // logit k = bias_k + sum over d of feature_d * kernel_dk
        try (SavedModel loaded = SavedModel.load(model)) {
            var head = loaded.graph().logits().parameters();
            float[] kernel = loaded.parameters().values(head.get(0).name());
            float[] bias = loaded.parameters().values(head.get(1).name());
            for (int k = 0; k < 3; k++) {
                double logit = bias[k];
                for (int d = 0; d < 16; d++)
                    logit += one.path("features").path(d).asDouble() * kernel[d * 3 + k];
                assertThat(one.path("logits").path(k).asDouble()).isCloseTo(logit, within(1e-4));
            }
        }
    }

    @Test
    void parquetHasTheColumnsAndListsOfTheJson() throws IOException {
        Path table = dir.resolve("answers.parquet");
        Path lines = dir.resolve("same.jsonl");
        succeeds(in("in"), "--top", "2", "--logits", "-o", table.toString());
        succeeds(in("in"), "--top", "2", "--logits", "-o", lines.toString());
        List<String> all = Files.readAllLines(lines);
        try (ParquetFile file = ParquetFile.open(table)) {
            assertThat(file.fields().stream().map(field -> field.name()))
                    .containsExactly(
                            "path", "index", "label", "probability", "index_2", "label_2", "probability_2", "logits");
            ColumnPages paths = file.pages(0, file.fields().get(0));
            ColumnPages indices = file.pages(0, file.fields().get(1));
            assertThat(paths.next() && indices.next()).isTrue();
            assertThat(paths.rows()).isEqualTo(5);
            for (int i = 0; i < 5; i++) {
                JsonNode expected = new ObjectMapper().readTree(all.get(i));
                assertThat(paths.values().text(i))
                        .isEqualTo(expected.path("path").asText());
                assertThat(indices.values().number(i))
                        .isEqualTo(expected.path("index").asInt());
            }
        }
    }

    @Test
    void flipAveragesTheProbabilitiesOfBothSides() throws IOException {
        JsonNode both = predict(in("a b.png"), in("mirrored.png"), "--json").json();
        JsonNode flipped = predict(in("a b.png"), "--tta", "flip", "--json").json();
        for (JsonNode prediction : flipped.path(0).path("predictions")) {
            double sum = 0;
            for (JsonNode side : both) {
                for (JsonNode p : side.path("predictions")) {
                    if (p.path("index").equals(prediction.path("index")))
                        sum += p.path("probability").asDouble();
                }
            }
            assertThat(prediction.path("probability").asDouble()).isCloseTo(sum / 2, within(1e-5));
        }
        assertThat(predict(in("in"), "--tta", "five-crop", "--batch", "7", "--json")
                        .json())
                .hasSize(5);
    }

    @Test
    void pathsComeFromStandardInputAndLists() throws IOException {
        Path list = Files.writeString(dir.resolve("list.txt"), in("a b.png") + "\n\n" + in("in/1.png") + "\n");
        assertThat(predict("--list", list.toString(), "--json").json()).hasSize(2);
        assertThat(predict("@" + list, "--json").json().path(0).path("file").asText())
                .isEqualTo(in("a b.png"));
        InputStream before = System.in;
        System.setIn(new ByteArrayInputStream((in("in") + "\n" + in("a b.png")).getBytes(StandardCharsets.UTF_8)));
        try {
            assertThat(predict("-", "--json").json()).hasSize(6);
        } finally {
            System.setIn(before);
        }
    }

    @Test
    void listedFilesThatAreMissingAreLeftOut() throws IOException {
        Path list = Files.writeString(dir.resolve("missing.txt"), in("in/0.png") + "\n" + in("no.png") + "\n");
        Path csv = dir.resolve("one.csv");
        CommandLineTest.Outcome outcome = predict("--list", list.toString(), "-o", csv.toString());
        assertThat(outcome.code()).isEqualTo(1);
        assertThat(outcome.err()).contains("no.png: does not exist").contains("1 of 2 inputs");
        assertThat(Files.readAllLines(csv)).hasSize(2);
    }

    @Test
    void severalBatchesReportTheRate() {
        assertThat(succeeds(in("in"), "--batch", "2").err()).containsPattern("predict  5 images  \\|  \\d+ images/s");
        assertThat(succeeds(in("in")).err()).isEmpty();
    }

    @Test
    void shardsArePredictedLikeTheirImages() throws IOException {
        Path shards = dir.resolve("shards");
        tar(shards.resolve("b/val-1.tar"), "n1/", ".png", 0, 4);
        tar(shards.resolve("train-0.tar"), "", ".png", 4, 5);
        table(shards.resolve("c.parquet"), "photo");
        Path csv = dir.resolve("shards.csv");
        succeeds(shards.toString(), in("in"), "--top", "1", "-o", csv.toString(), "--batch", "4", "--workers", "3");

        List<String> rows = Files.readAllLines(csv);
        assertThat(rows).hasSize(1 + 3 * 5);
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            String path = i < 4 ? "/b/val-1.tar/n1/" + i : "/train-0.tar/4";
            expected.add(shards + path + "," + afterPath(rows.get(11 + i)));
        }
        for (int i = 0; i < 5; i++) expected.add(shards + "/c.parquet/" + i + "," + afterPath(rows.get(11 + i)));
        assertThat(rows.subList(1, 11)).isEqualTo(expected);

        List<String> some = List.of(shards + "/{b/val-1,train-0}.tar", shards + "/c.parquet");
        Path list = Files.write(dir.resolve("shards.txt"), some);
        assertThat(predict("--list", list.toString(), "--json").json()).hasSize(10);
    }

    private static String afterPath(String row) {
        return row.substring(row.indexOf(',') + 1);
    }

    @Test
    void problemsOfShardsAreOneLine() throws IOException {
        Path seg = tar(dir.resolve("seg.tar"), "", ".seg.png", 0, 2);
        String name = model.toString();
        CommandLineTest.refused("has no image (it has .seg.png)", "predict", name, seg.toString());
        assertThat(predict(seg.toString(), "--image-column", "seg.png", "--json")
                        .json())
                .hasSize(2);
        CommandLineTest.refused("x.tar: no such file", "predict", name, in("x.tar"));
        CommandLineTest.refused("matches no file", "predict", name, in("x-*.tar"));
        CommandLineTest.refused("is compressed", "predict", name, in("x.tar.gz"));
        CommandLineTest.refused("--spark reads no shards", "predict", name, in("x.tar"), "--spark", "-o", "t");
        Files.write(dir.resolve("cut.tar"), Arrays.copyOf(Files.readAllBytes(seg), 700));
        CommandLineTest.refused("cut.tar: is truncated", "predict", name, in("cut.tar"));

        Map<String, byte[]> members = new LinkedHashMap<>();
        members.put("0.png", bytes("in/0.png"));
        members.put("1.png", new byte[] {1, 2, 3});
        TestShards.tar(dir.resolve("bad.tar"), members);
        CommandLineTest.Outcome outcome = predict(in("bad.tar"), "--json");
        assertThat(outcome.code()).isEqualTo(1);
        assertThat(outcome.json()).hasSize(1);
        assertThat(outcome.err()).contains("bad.tar/1.png: is not an image").contains("1 of 2 inputs");
    }

    private static Path tar(Path file, String before, String extension, int from, int to) throws IOException {
        Map<String, byte[]> members = new LinkedHashMap<>();
        for (int i = from; i < to; i++) members.put(before + i + extension, bytes("in/" + i + ".png"));
        return TestShards.tar(file, members);
    }

    private static byte[] bytes(String image) throws IOException {
        return Files.readAllBytes(dir.resolve(image));
    }

    private static void table(Path file, String column) throws IOException {
        var columns = List.of(new ParquetWriter.ColumnSpec(column, ParquetWriter.ColumnType.BYTES));
        try (ParquetWriter writer = new ParquetWriter(file, columns)) {
            for (int i = 0; i < 5; i++) writer.row(List.of(bytes("in/" + i + ".png")));
        }
    }

    @Test
    void invalidOptionsAreRefused() {
        String name = model.toString();
        CommandLineTest.refused("expected .csv, .jsonl or .parquet", "predict", name, in("in"), "-o", "x.txt");
        CommandLineTest.refused("expected flip or five-crop", "predict", name, in("in"), "--tta", "ten");
        CommandLineTest.refused("remove --logits", "predict", name, in("in"), "--tta", "flip", "--logits");
        CommandLineTest.refused("--batch 0", "predict", name, in("in"), "--batch", "0");
        CommandLineTest.refused("--workers 0", "predict", name, in("in"), "--workers", "0");
        CommandLineTest.refused("no images", "predict", name);
        CommandLineTest.refused("remove one", "predict", name, in("in"), "--json", "-o", "x.csv");
    }

    @Test
    void listsOfImagesArePredictedInBatches() {
        try (SavedModel loaded = SavedModel.load(model)) {
            List<Image> images = new ArrayList<>();
            for (int i = 0; i < 70; i++) images.add(ImageFile.read(dir.resolve("in/" + i % 5 + ".png"), 1));
            List<List<Prediction>> all = loaded.predict(images, 2);
            assertThat(all).hasSize(70);
            for (int i = 0; i < 70; i++) {
                Prediction alone = loaded.predict(images.get(i), 1).get(0);
                assertThat(all.get(i)).hasSize(2);
                assertThat(all.get(i).get(0).index()).isEqualTo(alone.index());
                assertThat(all.get(i).get(0).probability()).isCloseTo(alone.probability(), within(1e-5));
            }
            assertThat(loaded.predict(List.<Image>of(), 2)).isEmpty();
        }
    }
}
