package org.vit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.checkpoint.Checkpoints;
import org.vit4j.model.ModelDescription;
import org.vit4j.model.Network;
import org.vit4j.model.RandomModel;
import org.vit4j.model.SavedModel;
import org.vit4j.models.Model;
import org.vit4j.run.RunConfig;

/** Files that {@code eval} writes, several models, subsets of classes, other labels and preprocessing. */
class EvalFilesTest {
    private static final List<String> CLASSES = List.of("a", "b, c", "d", "e");

    @TempDir
    static Path dir;

    private static Path model;
    private static Path other;
    private static String data;

    /** Labels and logits of the images, by predict. */
    private static final List<Integer> LABELS = new ArrayList<>();

    private static final List<double[]> LOGITS = new ArrayList<>();

    @BeforeAll
    static void writeModelsAndImages() throws IOException {
        model = write("model.keras", 5, "data.crop_pct=1");
        other = write("other.keras", 6, "data.crop_pct=1");
        data = dir.resolve("images").toString();
        for (int i = 0; i < 12; i++) image("images/" + CLASSES.get(i % 3) + "/" + i + ".png", i);
        JsonNode all = CommandLineTest.run("predict", model.toString(), data, "--logits", "--json")
                .json();
        for (JsonNode one : all) {
            LABELS.add(CLASSES.indexOf(
                    Path.of(one.path("file").asText()).getParent().getFileName().toString()));
            double[] row = new double[4];
            for (int k = 0; k < 4; k++) row[k] = one.path("logits").path(k).asDouble();
            LOGITS.add(row);
        }
    }

    private static Path write(String name, int seed, String override) {
        Path file = dir.resolve(name);
        RunConfig config = RunConfig.open(
                "digits-vit", List.of("model.classes=4", "model.depth=1", "model.dim=16", "model.heads=2", override));
        RandomModel.write(file, "random", config, CLASSES, seed);
        return file;
    }

    private static void image(String name, int seed) throws IOException {
        Path file = dir.resolve(name);
        Files.createDirectories(file.getParent());
        BufferedImage image = new BufferedImage(12, 9, BufferedImage.TYPE_INT_RGB);
        for (int p = 0; p < 108; p++) {
            image.setRGB(p % 12, p / 12, (p * p * (seed + 1) + 31 * seed) % 256 * 0x10101);
        }
        ImageIO.write(image, "png", file.toFile());
    }

    private static JsonNode eval(String... more) throws IOException {
        List<String> args = new ArrayList<>(List.of("eval", model.toString(), "--data", data, "--json"));
        args.addAll(List.of(more));
        CommandLineTest.Outcome outcome = CommandLineTest.run(args.toArray(String[]::new));
        assertThat(outcome.code()).as(outcome.err()).isZero();
        return outcome.json();
    }

    private static int argMax(double[] row, List<Integer> of) {
        int best = of.get(0);
        for (int k : of) if (row[k] > row[best]) best = k;
        return best;
    }

    private static Path text(String name, String content) throws IOException {
        return Files.writeString(dir.resolve(name), content);
    }

    @Test
    void confusionAndClassesAreWrittenAsCsv() throws IOException {
        Path confusion = dir.resolve("out/confusion.csv");
        Path classes = dir.resolve("out/classes.csv");
        JsonNode scores = eval("--confusion", confusion.toString(), "--per-class", classes.toString());
        long[][] expected = new long[4][4];
        for (int i = 0; i < 12; i++) expected[LABELS.get(i)][argMax(LOGITS.get(i), List.of(0, 1, 2, 3))]++;
        List<String> lines = Files.readAllLines(confusion);
        assertThat(lines).hasSize(5);
        assertThat(lines.get(0)).isEqualTo("actual,a,\"b, c\",d,e");
        for (int i = 0; i < 4; i++) {
            String name = i == 1 ? "\"b, c\"" : CLASSES.get(i);
            String counts = expected[i][0] + "," + expected[i][1] + "," + expected[i][2] + "," + expected[i][3];
            assertThat(lines.get(i + 1)).isEqualTo(name + "," + counts);
        }
        assertThat(Files.readAllLines(classes))
                .hasSize(5)
                .startsWith("class,images,precision,recall,f1")
                .endsWith("e,0,0.0,0.0,0.0");
        assertThat(scores.path("per_class").path(0).path("count").asInt()).isEqualTo(4);
    }

    @Test
    void calibrationIsThatOfTheProbabilities() throws IOException {
        Path svg = dir.resolve("reliability.svg");
        JsonNode scores = eval("--reliability", svg.toString());
        double[] confidence = new double[15];
        double[] correct = new double[15];
        for (int i = 0; i < 12; i++) {
            double[] row = LOGITS.get(i);
            int best = argMax(row, List.of(0, 1, 2, 3));
            double total = 0;
            for (double value : row) total += Math.exp(value);
            double p = Math.exp(row[best]) / total;
            confidence[(int) Math.ceil(p * 15) - 1] += p;
            if (best == LABELS.get(i)) correct[(int) Math.ceil(p * 15) - 1]++;
        }
        double ece = 0; // n_b / n * |correct_b / n_b - confidence_b / n_b| = |correct_b - confidence_b| / n
        for (int b = 0; b < 15; b++) ece += Math.abs(correct[b] - confidence[b]) / 12;
        assertThat(scores.path("ece").asDouble()).isCloseTo(ece, within(1e-5));
        assertThat(scores.path("calibration")).hasSize(15);
        assertThat(Files.readString(svg)).contains("ECE").contains("12 images");
        assertThat(parse(svg)).isEqualTo("svg");
    }

    private static String parse(Path svg) {
        try {
            var builder = DocumentBuilderFactory.newInstance().newDocumentBuilder();
            return builder.parse(svg.toFile()).getDocumentElement().getTagName();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void severalModelsAreComparedInATable() throws IOException {
        Path csv = dir.resolve("results.csv");
        String[] args = {
            "eval", model.toString(), other.toString(), "--data", data, "--results", csv.toString(), "--json"
        };
        JsonNode both = CommandLineTest.run(args).json();
        assertThat(both).hasSize(2);
        assertThat(both.path(1).path("model").asText()).isEqualTo(other.toString());
        List<String> lines = Files.readAllLines(csv);
        assertThat(lines).hasSize(3);
        assertThat(lines.get(0))
                .isEqualTo("model,top1,top1_err,top5,top5_err,param_count,img_size,crop_pct,interpolation");
        double first = Double.parseDouble(lines.get(1).split(",")[1]);
        double second = Double.parseDouble(lines.get(2).split(",")[1]);
        assertThat(first).isGreaterThanOrEqualTo(second);
        double best = Math.max(
                both.path(0).path("top1").asDouble(), both.path(1).path("top1").asDouble());
        assertThat(first).isCloseTo(100 * best, within(5e-5));
        assertThat(lines.get(1)).contains(",100.0,0.0,0.0,32,1.0,");
        String table = CommandLineTest.run("eval", model.toString(), other.toString(), "--data", data)
                .out();
        assertThat(table.lines()).hasSize(3);
    }

    @Test
    void onlyValidLabelsAreEvaluated() throws IOException {
        JsonNode scores = eval("--valid-labels", text("valid.txt", "2\nb, c\n").toString());
        int correct = 0;
        for (int i = 0; i < 12; i++) {
            if (LABELS.get(i) == argMax(LOGITS.get(i), List.of(2, 1)) && LABELS.get(i) > 0) correct++;
        }
        assertThat(scores.path("count").asInt()).isEqualTo(8);
        assertThat(scores.path("top1").asDouble()).isCloseTo(correct / 8.0, within(1e-12));
        assertThat(scores.path("labels").path(0).asText()).isEqualTo("d");
        assertThat(scores.path("confusion")).hasSize(2);
    }

    @Test
    void classMapsNameTheDirectoriesOfTheValidLabels() throws IOException {
        // The directories a, "b, c" and d are the classes 3, 0 and 1.
        JsonNode scores = eval(
                "--valid-labels",
                text("three.txt", "3\n0\n1\n").toString(),
                "--class-map",
                text("map.txt", "a\nb, c\nd\n").toString());
        List<Integer> classes = List.of(3, 0, 1);
        int correct = 0;
        for (int i = 0; i < 12; i++) {
            if (argMax(LOGITS.get(i), classes) == classes.get(LABELS.get(i))) correct++;
        }
        assertThat(scores.path("count").asInt()).isEqualTo(12);
        assertThat(scores.path("top1").asDouble()).isCloseTo(correct / 12.0, within(1e-12));
    }

    @Test
    void realLabelsCountImagesWithSeveralLabels() throws IOException {
        // Image 0 has its two most likely classes, image 1 none, image 2 a wrong one, the others all.
        int wrong = (argMax(LOGITS.get(2), List.of(0, 1, 2, 3)) + 1) % 4;
        StringBuilder json =
                new StringBuilder("[[" + argMax(LOGITS.get(0), List.of(0, 1, 2, 3)) + ", 0], [], [" + wrong + "]");
        for (int i = 3; i < 12; i++) json.append(", [0, 1, 2, 3]");
        Path real = text("real.json", json.append("]").toString());
        JsonNode scores = eval("--real-labels", real.toString());
        assertThat(scores.path("real_count").asInt()).isEqualTo(11);
        assertThat(scores.path("real_top1").asDouble()).isCloseTo(10 / 11.0, within(1e-12));
        assertThat(scores.path("real_top5").asDouble()).isEqualTo(1);
        assertThat(scores.path("count").asInt()).isEqualTo(12);
        refused(
                "has labels of 1 images",
                "--real-labels",
                text("one.json", "[[0]]").toString());
        refused(
                "out of range [0, 4)",
                "--real-labels",
                text("bad.json", "[[4]]").toString());
        refused("expected a JSON list", "--real-labels", text("no.json", "{}").toString());
    }

    @Test
    void imagenetNamesSelectTheirRealLabels() throws IOException {
        Path root = dir.resolve("imagenet");
        image("imagenet/d/ILSVRC2012_val_00000002.png", 1);
        JsonNode scores = CommandLineTest.run(
                        "eval",
                        model.toString(),
                        "--data",
                        root.toString(),
                        "--json",
                        "--real-labels",
                        text("two.json", "[[], [0, 1, 2, 3], []]").toString())
                .json();
        assertThat(scores.path("real_count").asInt()).isEqualTo(1);
        assertThat(scores.path("real_top1").asDouble()).isEqualTo(1);
    }

    @Test
    void preprocessingCanBeReplaced() throws IOException {
        Path cropped = write("cropped.keras", 5, "data.crop_pct=0.6");
        JsonNode expected = CommandLineTest.run("eval", cropped.toString(), "--data", data, "--json")
                .json();
        JsonNode scores = eval("--crop-pct", "0.6");
        assertThat(scores).isEqualTo(expected);
        assertThat(scores.path("loss")).isNotEqualTo(eval().path("loss"));
        assertThat(eval("--interpolation", "nearest").path("loss")).isNotEqualTo(eval().path("loss"));
    }

    @Test
    void otherImageSizesResampleThePositions() throws IOException {
        ModelDescription saved = SavedModel.describe(model);
        Model larger = saved.model().withImageSize(48);
        Path file = dir.resolve("larger.keras");
        try (Network network = Network.create(larger, 0)) {
            network.load(Checkpoints.open(model));
            var p = saved.preprocess();
            var preprocessing = new org.vit4j.data.Preprocessing(
                    48, 48, p.channels(), p.cropPct(), p.interpolation(), p.mean(), p.std());
            network.classes(CLASSES).preprocessing(preprocessing).save(file);
        }
        JsonNode expected = CommandLineTest.run("eval", file.toString(), "--data", data, "--json")
                .json();
        Path csv = dir.resolve("larger.csv");
        assertThat(eval("--image", "48", "--results", csv.toString())).isEqualTo(expected);
        assertThat(Files.readAllLines(csv).get(1)).contains(",48,1.0,");
    }

    private static void refused(String message, String... more) {
        List<String> args = new ArrayList<>(List.of("eval", model.toString(), "--data", data));
        args.addAll(List.of(more));
        CommandLineTest.refused(message, args.toArray(String[]::new));
    }

    @Test
    void invalidOptionsAreRefused() throws IOException {
        refused("--image 0", "--image", "0");
        refused("--image 31", "--image", "31");
        refused("--crop-pct 1.5", "--crop-pct", "1.5");
        refused("cubic", "--interpolation", "cubic");
        refused("no class 'x'", "--valid-labels", text("x.txt", "x\n").toString());
        refused(
                "index 4 out of range",
                "--valid-labels",
                text("four.txt", "4\n").toString());
        refused("duplicate class", "--valid-labels", text("twice.txt", "1\n1\n").toString());
        refused(
                "has no images of the classes",
                "--valid-labels",
                text("e.txt", "e\n").toString());
        refused("require a single model", other.toString(), "--confusion", "x.csv");
    }

    @Test
    void severalBatchesReportTheRate() {
        String err = CommandLineTest.run("eval", model.toString(), "--data", data, "--batch", "4")
                .err();
        assertThat(err).containsPattern("model.keras  12 images  \\|  \\d+ images/s");
    }
}
