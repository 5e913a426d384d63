package org.vit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vit4j.model.RandomModel;
import org.vit4j.run.RunConfig;

/**
 * Directories of images in {@code eval}, {@code predict} and {@code explain}: layouts, class names, unreadable
 * images.
 */
class EvalFolderTest {
    private static final List<String> CLASSES = List.of("2", "10", "cat");

    @TempDir
    static Path models;

    private static String model;
    private static String oneClass;

    @TempDir
    private Path dir;

    @BeforeAll
    static void writeRandomModels() {
        model = model("three.keras", CLASSES);
        oneClass = model("one.keras", List.of("only"));
    }

    private static String model(String file, List<String> classes) {
        Path path = models.resolve(file);
        RunConfig config = RunConfig.open(
                "digits-vit",
                List.of("model.classes=" + classes.size(), "model.depth=1", "model.dim=16", "model.heads=2"));
        RandomModel.write(path, "three", config, classes, 5);
        return path.toString();
    }

    @BeforeEach
    void imagesOfTwoOfTheClasses() throws IOException {
        for (int i = 0; i < 3; i++) image("cat/" + i + ".png", 20 * i);
        for (int i = 0; i < 2; i++) image("2/" + i + ".png", 90 + 20 * i);
    }

    private Path image(String name, int value) throws IOException {
        Path file = dir.resolve(name);
        Files.createDirectories(file.getParent());
        BufferedImage image = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
        for (int p = 0; p < 64; p++) image.setRGB(p % 8, p / 8, (p * 5 + value) * 0x10101 & 0xFFFFFF);
        ImageIO.write(image, "png", file.toFile());
        return file;
    }

    private void moveBelow(String parent) throws IOException {
        Files.createDirectories(dir.resolve(parent));
        for (String name : List.of("cat", "2"))
            Files.move(dir.resolve(name), dir.resolve(parent).resolve(name));
    }

    private static JsonNode eval(int code, String model, Path data, String... more) throws IOException {
        String[] args = new String[5 + more.length];
        System.arraycopy(new String[] {"eval", model, "--data", data.toString(), "--json"}, 0, args, 0, 5);
        System.arraycopy(more, 0, args, 5, more.length);
        CommandLineTest.Outcome outcome = CommandLineTest.run(args);
        assertThat(outcome.code()).as(outcome.err()).isEqualTo(code);
        return outcome.json();
    }

    /** Top-1 accuracy computed from the output of {@code predict}. */
    private double expected(Path data, Map<String, String> labels) throws IOException {
        JsonNode all = CommandLineTest.run("predict", model, data.toString(), "--top", "1", "--json")
                .json();
        int correct = 0;
        for (JsonNode one : all) {
            String folder =
                    Path.of(one.path("file").asText()).getParent().getFileName().toString();
            String label = one.path("predictions").path(0).path("label").asText();
            if (label.equals(labels.getOrDefault(folder, folder))) correct++;
        }
        return correct / (double) all.size();
    }

    @ParameterizedTest
    @ValueSource(strings = {".", "val", "validation", "valid", "test"})
    void allDirectoryLayoutsAreAcceptedAndClassesMatchedByName(String parent) throws IOException {
        double top1 = expected(dir, Map.of());
        if (!parent.equals(".")) moveBelow(parent);
        JsonNode scores = eval(0, model, dir);
        assertThat(scores.path("count").asInt()).isEqualTo(5);
        assertThat(scores.path("top1").asDouble()).isEqualTo(top1);
        assertThat(scores.path("top5").asDouble()).isEqualTo(1);
        assertThat(scores.path("loss").asDouble()).isPositive();
        assertThat(scores.path("labels").toString()).isEqualTo("[\"2\",\"10\",\"cat\"]");
        int[] counts = {2, 0, 3};
        for (int k = 0; k < 3; k++) {
            JsonNode ofClass = scores.path("per_class").path(k);
            assertThat(ofClass.path("count").asInt()).isEqualTo(counts[k]);
            assertThat(ofClass.path("recall").isNumber()).isTrue();
            assertThat(ofClass.path("f1").isNumber()).isTrue();
        }
    }

    @Test
    void emptyClassDirectoriesHaveNoImages() throws IOException {
        Files.createDirectories(dir.resolve("10"));
        assertThat(eval(0, model, dir).path("count").asInt()).isEqualTo(5);
    }

    @Test
    void directoryThatIsNotAClassIsReported() throws IOException {
        image("cot/1.png", 3);
        CommandLineTest.refused("did you mean 'cat'?", "eval", model, "--data", dir.toString());
        moveBelow("train");
        Files.delete(dir.resolve("cot/1.png"));
        CommandLineTest.refused("has train but no directory val", "eval", model, "--data", dir.toString());
    }

    @Test
    void classMapAssignsDirectoriesToClasses() throws IOException {
        double top1 = expected(dir, Map.of("cat", "10", "2", "cat"));
        Path map =
                Files.write(dir.resolve("map.txt"), "\uFEFFn0003\r\ncat\r\n\r\n2\r\n".getBytes(StandardCharsets.UTF_8));
        JsonNode scores = eval(0, model, dir, "--class-map", map.toString());
        assertThat(scores.path("top1").asDouble()).isEqualTo(top1);
        assertThat(scores.path("per_class").path(1).path("count").asInt()).isEqualTo(3);
        Files.writeString(map, "a\nb\nc\nd\n");
        CommandLineTest.refused(
                "--class-map: 4 names, but the model has 3 classes",
                "eval",
                model,
                "--data",
                dir.toString(),
                "--class-map",
                map.toString());
    }

    @Test
    void modelWithOneClassHasAccuracyOne() throws IOException {
        Files.move(dir.resolve("cat"), dir.resolve("only"));
        for (String file : List.of("2/0.png", "2/1.png", "2")) Files.delete(dir.resolve(file));
        JsonNode scores = eval(0, oneClass, dir);
        assertThat(scores.path("loss").asDouble()).isZero();
        assertThat(scores.path("top1").asDouble()).isEqualTo(1);
        assertThat(scores.path("top5").asDouble()).isEqualTo(1);
    }

    /** macOS stores an accent as a character of its own (NFD), other systems store one character (NFC). */
    @Test
    void directoriesMatchClassesInAnyUnicodeForm() throws IOException {
        List<String> composed = List.of("caf\u00e9", "\u00fcber", "x");
        String accents = model("accents.keras", composed);
        image("accents/cafe\u0301/0.png", 3);
        image("accents/u\u0308ber/0.png", 9);
        JsonNode scores = eval(0, accents, dir.resolve("accents"));
        assertThat(scores.at("/per_class/0/count").asInt()).isOne();
        assertThat(scores.at("/per_class/1/count").asInt()).isOne();
        assertThat(scores.at("/labels/0").asText()).isEqualTo(composed.get(0));
        Path map = Files.writeString(dir.resolve("map.txt"), "x\ncafe\u0301\n\u00fcber\n");
        JsonNode mapped = eval(0, accents, dir.resolve("accents"), "--class-map", map.toString());
        assertThat(mapped.at("/per_class/1/count").asInt()).isOne();
        assertThat(mapped.at("/per_class/2/count").asInt()).isOne();
    }

    @Test
    void evalSkipsUnreadableImages() throws IOException {
        JsonNode clean = eval(0, model, dir);
        Path bad = Files.write(dir.resolve("cat/0bad.png"), new byte[] {1, 2, 3});
        for (String batch : List.of("1", "2", "64")) {
            CommandLineTest.Outcome outcome =
                    CommandLineTest.run("eval", model, "--data", dir.toString(), "--json", "--batch", batch);
            assertThat(outcome.code()).isEqualTo(1);
            assertThat(outcome.err()).contains(bad.toString()).contains("1 image cannot be read");
            assertThat(outcome.json().path("count").asInt()).isEqualTo(5);
            assertThat(outcome.json().path("unreadable").asInt()).isEqualTo(1);
            assertThat(outcome.json().path("confusion")).isEqualTo(clean.path("confusion"));
        }
        CommandLineTest.refused(bad.toString(), "eval", model, "--data", dir.toString(), "--on-corrupt", "fail");
        CommandLineTest.refused(
                "--on-corrupt maybe: expected skip or fail",
                "eval",
                model,
                "--data",
                dir.toString(),
                "--on-corrupt",
                "maybe");
    }

    @Test
    void predictReportsUnreadableImagesAndContinues() throws IOException {
        Path bad = Files.write(dir.resolve("cat/1bad.png"), new byte[] {1, 2, 3});
        CommandLineTest.Outcome outcome = CommandLineTest.run("predict", model, dir.toString(), "--json");
        assertThat(outcome.code()).isEqualTo(1);
        assertThat(outcome.json()).hasSize(5);
        assertThat(outcome.err().lines()).hasSize(2);
        assertThat(outcome.err()).contains(bad.toString()).contains("1 of 6 inputs cannot be read");
        assertThat(CommandLineTest.run("predict", model, dir.toString())
                        .out()
                        .lines()
                        .filter(l -> l.endsWith(".png")))
                .hasSize(5);
        CommandLineTest.Outcome stopped =
                CommandLineTest.run("predict", model, dir.toString(), "--json", "--on-corrupt", "fail");
        assertThat(stopped.code()).isEqualTo(2);
        assertThat(stopped.err().lines()).hasSize(1);
        assertThat(stopped.json()).hasSize(4);
        CommandLineTest.refused(bad.toString(), "predict", model, bad.toString(), "--json");
    }

    @Test
    void predictSkipsOtherFilesAndLinkLoopsInDirectories() throws IOException {
        Files.write(dir.resolve("cat/._x.png"), new byte[4]);
        Files.write(dir.resolve("cat/y.heic"), new byte[4]);
        Files.createDirectories(dir.resolve("b.jpg"));
        Files.createSymbolicLink(dir.resolve("dead.png"), Path.of("nowhere"));
        Files.createSymbolicLink(dir.resolve("loop"), dir);
        CommandLineTest.Outcome outcome = CommandLineTest.run("predict", model, dir.toString(), "--json");
        assertThat(outcome.code()).isZero();
        assertThat(outcome.json()).hasSize(5);
        assertThat(outcome.err())
                .contains("1 file of unknown type skipped: .heic 1")
                .contains("1 broken link skipped: " + dir.resolve("dead.png"))
                .contains("1 link to a directory that contains it skipped");
        CommandLineTest.refused(
                "dead.png: is a broken link",
                "predict",
                model,
                dir.resolve("dead.png").toString());
        CommandLineTest.refused(
                "b.jpg: has no images", "predict", model, dir.resolve("b.jpg").toString());
    }

    @Test
    void explainAcceptsADirectory() {
        CommandLineTest.Outcome outcome = CommandLineTest.run(
                "explain",
                model,
                dir.resolve("2").toString(),
                "-o",
                dir.resolve("out").toString());
        assertThat(outcome.code()).as(outcome.err()).isZero();
        assertThat(outcome.out().lines().filter(line -> line.startsWith("gradcam")))
                .hasSize(2);
    }
}
