package org.vit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.config.Config;
import org.vit4j.data.image.ImageFile;
import org.vit4j.model.ModelDescription;
import org.vit4j.model.Network;
import org.vit4j.model.Prediction;
import org.vit4j.model.RandomModel;
import org.vit4j.model.SavedModel;
import org.vit4j.run.RunConfig;

/** {@code predict}, {@code eval} and {@code explain} of a model with several labels per image. */
class MultiLabelCommandsTest {
    private static final List<String> CLASSES = List.of("cat", "dog", "person", "caf\u00e9"); // é as one code point
    private static final String DECOMPOSED = "cafe\u0301"; // e and an accent
    private static final String[] LABELS = {
        "cat dog", "", "dog", "cat person", "person", DECOMPOSED, "dog person", "cat"
    };
    private static final int[][] INDICES = {{0, 1}, {}, {1}, {0, 2}, {2}, {3}, {1, 2}, {0}};

    @TempDir
    static Path dir;

    private static Path model;
    private static Path single;
    private static String images;
    private static String labels;
    private static double[][] logits;

    @BeforeAll
    static void writeModelsAndImages() throws IOException {
        labels = dir.resolve("labels.csv").toString();
        images = dir.resolve("images").toString();
        model = write("several.keras", "data={dataset: image-folder, path: " + images + ", labels: " + labels + "}");
        single = write("one.keras", "data={dataset: image-folder, path: " + images + "}");
        StringBuilder rows = new StringBuilder("file,labels\n");
        for (int i = 0; i < LABELS.length; i++) {
            image(dir.resolve("images/" + i + ".png"), i);
            rows.append(i + ".png," + LABELS[i] + "\n");
        }
        Files.writeString(Path.of(labels), rows);
        JsonNode all = CommandLineTest.run("predict", model.toString(), images, "--logits", "--json")
                .json();
        logits = new double[LABELS.length][CLASSES.size()];
        for (int i = 0; i < LABELS.length; i++) {
            for (int k = 0; k < 4; k++)
                logits[i][k] = all.path(i).path("logits").path(k).asDouble();
        }
    }

    private static Path write(String name, String data) {
        Path file = dir.resolve(name);
        RunConfig config = RunConfig.open(
                "digits-vit",
                List.of(
                        data,
                        "data.validation=null",
                        "data.split_seed=null",
                        "data.augment=[]",
                        "train.loss=null",
                        "train.mixup=null",
                        "model.classes=4",
                        "model.depth=1",
                        "model.dim=16",
                        "model.heads=2"));
        RandomModel.write(file, "random", config, CLASSES, 5);
        return file;
    }

    private static void image(Path file, int seed) throws IOException {
        Files.createDirectories(file.getParent());
        BufferedImage image = new BufferedImage(12, 9, BufferedImage.TYPE_INT_RGB);
        for (int p = 0; p < 108; p++) {
            image.setRGB(p % 12, p / 12, (p * p * (seed + 1) + 31 * seed) % 256 * 0x10101);
        }
        ImageIO.write(image, "png", file.toFile());
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    private static List<String> above(int image, double threshold) {
        return java.util.stream.IntStream.range(0, 4)
                .boxed()
                .filter(k -> sigmoid(logits[image][k]) > threshold)
                .sorted((a, b) -> Double.compare(logits[image][b], logits[image][a]))
                .map(CLASSES::get)
                .toList();
    }

    private static CommandLineTest.Outcome eval(String... more) {
        List<String> args = new ArrayList<>(List.of("eval", model.toString(), "--data", images, "--labels", labels));
        args.addAll(List.of(more));
        return CommandLineTest.run(args.toArray(String[]::new));
    }

    @Test
    void theFileRemembersThatImagesHaveSeveralLabels() {
        assertThat(SavedModel.describe(model).multiLabel()).isTrue();
        assertThat(SavedModel.describe(single).multiLabel()).isFalse();
        ModelDescription description = SavedModel.describe(single);
        assertThat(Config.values(description.config(), "test")).doesNotContainKey("data.labels");
        try (SavedModel loaded = SavedModel.load(single)) { // a Java program with a dataset of its own
            Path file = dir.resolve("java.keras");
            SavedModel.write(file, description.withMultiLabel(true), loaded.parameters());
            assertThat(SavedModel.describe(file).multiLabel()).isTrue();
        }
    }

    @Test
    void predictedProbabilitiesAreSigmoids() throws IOException {
        JsonNode first = CommandLineTest.run("predict", model.toString(), images + "/0.png", "--json", "--top", "4")
                .json()
                .path(0)
                .path("predictions");
        assertThat(first).hasSize(4);
        double last = 1;
        for (JsonNode p : first) {
            double probability = p.path("probability").asDouble();
            assertThat(probability).isCloseTo(sigmoid(logits[0][p.path("index").asInt()]), within(1e-6));
            assertThat(probability).isLessThanOrEqualTo(last);
            last = probability;
        }
        try (SavedModel loaded = SavedModel.load(model)) {
            var image = ImageFile.read(Path.of(images, "0.png"), 1);
            assertThat(loaded.predict(image, 1).get(0).probability())
                    .isCloseTo(first.path(0).path("probability").asDouble(), within(1e-6));
            assertThat(loaded.predictAbove(image, 0.5).stream().map(Prediction::label))
                    .containsExactlyElementsOf(above(0, 0.5));
            double mean = loaded.top(new float[][] {{0, 0, 0, 0}, {2, -1, -1, -1}}, 1)
                    .get(0)
                    .probability();
            assertThat(mean).isCloseTo((0.5 + sigmoid(2)) / 2, within(1e-9)); // test-time augmentation
        }
    }

    @Test
    void labelsAboveAThresholdAreListed() throws IOException {
        Path csv = dir.resolve("answers.csv");
        Path jsonl = dir.resolve("answers.jsonl");
        for (Path file : List.of(csv, jsonl)) {
            String[] args = {
                "predict", model.toString(), images, "--top", "2", "--threshold", "0.5", "-o", file.toString()
            };
            assertThat(CommandLineTest.run(args).code()).isZero();
        }
        List<String> rows = Files.readAllLines(csv);
        List<String> lines = Files.readAllLines(jsonl);
        assertThat(rows.get(0)).isEqualTo("path,index,label,probability,index_2,label_2,probability_2,labels");
        for (int i = 0; i < LABELS.length; i++) {
            assertThat(rows.get(i + 1)).endsWith("," + String.join(";", above(i, 0.5)));
            JsonNode names = new ObjectMapper().readTree(lines.get(i)).path("labels");
            assertThat(names).extracting(JsonNode::asText).containsExactlyElementsOf(above(i, 0.5));
        }
        assertThat(CommandLineTest.run("predict", model.toString(), images + "/0.png", "--threshold", "0.99999")
                        .out())
                .contains("no label");
        assertThat(CommandLineTest.run("predict", model.toString(), images, "--threshold", "1")
                        .err())
                .contains("--threshold 1.0: expected at least 0 and below 1");
    }

    @Test
    void evaluationHasAveragePrecisionAndScoresAtTheThreshold() throws IOException {
        Path classes = dir.resolve("classes.csv");
        JsonNode scores = eval("--json", "--threshold", "0.45", "--per-class", classes.toString())
                .json();
        assertThat(scores.path("count").asInt()).isEqualTo(8);
        double sum = 0;
        for (int k = 0; k < 4; k++) {
            JsonNode one = scores.path("per_class").path(k);
            int predicted = 0;
            int correct = 0;
            for (int i = 0; i < 8; i++) {
                if (sigmoid(logits[i][k]) <= 0.45) continue;
                predicted++;
                if (has(i, k)) correct++;
            }
            double precision = averagePrecision(k);
            assertThat(one.path("average_precision").asDouble()).isCloseTo(precision, within(1e-12));
            assertThat(one.path("precision").asDouble())
                    .isCloseTo(predicted == 0 ? 0 : (double) correct / predicted, within(1e-12));
            sum += precision;
        }
        assertThat(scores.path("map").asDouble()).isCloseTo(sum / 4, within(1e-12));
        assertThat(scores.path("threshold").asDouble()).isEqualTo(0.45);
        assertThat(scores.has("map_micro") && scores.has("f1_macro") && scores.has("f1_micro"))
                .isTrue();
        assertThat(scores.has("confusion") || scores.has("ece")).isFalse();
        assertThat(Files.readAllLines(classes).get(0)).isEqualTo("class,images,average_precision,precision,recall,f1");
        assertThat(eval().out()).contains("mAP ").contains("macro: precision").doesNotContain("confusion");
    }

    private static boolean has(int image, int k) {
        return java.util.Arrays.stream(INDICES[image]).anyMatch(label -> label == k);
    }

    /** Mean over the images of the class of the precision at their rank. */
    private static double averagePrecision(int k) {
        double sum = 0;
        int positives = 0;
        for (int i = 0; i < 8; i++) {
            if (!has(i, k)) continue;
            positives++;
            int rank = 0;
            int found = 0;
            for (int j = 0; j < 8; j++) {
                if (logits[j][k] < logits[i][k]) continue;
                rank++;
                if (has(j, k)) found++;
            }
            sum += (double) found / rank;
        }
        return sum / positives;
    }

    @Test
    void severalModelsAreComparedByMeanAveragePrecision() throws IOException {
        Path csv = dir.resolve("results.csv");
        JsonNode scores = eval("--json").json();
        String[] args = {
            "eval",
            model.toString(),
            model.toString(),
            "--data",
            images,
            "--labels",
            labels,
            "--results",
            csv.toString()
        };
        assertThat(CommandLineTest.run(args).code()).isZero();
        List<String> lines = Files.readAllLines(csv);
        assertThat(lines.get(0))
                .isEqualTo("model,map,map_micro,precision_macro,recall_macro,f1_macro,precision_micro,recall_micro,"
                        + "f1_micro,threshold,param_count,img_size,crop_pct,interpolation");
        assertThat(Double.parseDouble(lines.get(1).split(",")[1]))
                .isCloseTo(100 * scores.path("map").asDouble(), within(5e-5));
    }

    @Test
    void modelsWhoseOutputsAreNanAreLastInTheTable() throws IOException {
        Path broken = dir.resolve("broken.keras");
        try (Network net = Network.load(model)) {
            net.parameters().array("head.bias").putScalar(0, Double.NaN);
            net.save(broken);
        }
        CommandLineTest.Outcome compared =
                CommandLineTest.run("eval", broken.toString(), model.toString(), "--data", images, "--labels", labels);
        assertThat(compared.code()).as(compared.err()).isZero();
        List<String> lines = compared.out().lines().toList();
        assertThat(lines.get(1)).startsWith(model.toString());
        assertThat(lines.get(2)).startsWith(broken.toString()).contains("NaN");
        assertThat(compared.err()).contains("broken.keras: the loss is NaN");
    }

    @Test
    void aConfigWithLabelsAndDirectoriesOfClassesAreEvaluatedToo() throws IOException {
        Path divided = dir.resolve("divided.csv");
        String more = "5.png," + DECOMPOSED + ",train\n0.png,cat dog,val\n3.png,cat person,val\n";
        Files.writeString(divided, "file,labels,split\n" + more);
        JsonNode byOption = CommandLineTest.run(
                        "eval", model.toString(), "--data", images, "--labels", divided.toString(), "--json")
                .json();
        Path config = dir.resolve("data.yaml");
        Files.writeString(
                config,
                "extends: digits-vit\nmodel: {classes: 4}\ndata: {dataset: image-folder, path: " + images + ", labels: "
                        + divided + ", augment: none, validation: null, split_seed: null}\n"
                        + "train: {loss: null, mixup: none}\n");
        JsonNode byConfig = CommandLineTest.run("eval", model.toString(), "--data", config.toString(), "--json")
                .json();
        assertThat(byOption.path("count").asInt()).isEqualTo(2);
        assertThat(byConfig).isEqualTo(byOption);
        image(dir.resolve("folders/" + DECOMPOSED + "/a.png"), 3);
        image(dir.resolve("folders/dog/b.png"), 4);
        JsonNode folders = CommandLineTest.run(
                        "eval",
                        model.toString(),
                        "--data",
                        dir.resolve("folders").toString(),
                        "--json")
                .json();
        assertThat(folders.path("count").asInt()).isEqualTo(2);
        assertThat(folders.path("per_class").path(3).path("count").asInt()).isOne();
    }

    @Test
    void explanationsAreForTheLabelsOfAnImage() throws IOException {
        double threshold = 0.5;
        int image = java.util.stream.IntStream.range(0, 8)
                .filter(i -> above(i, threshold).size() > 1)
                .findFirst()
                .orElseThrow();
        String[] args = {
            "explain",
            model.toString(),
            images + "/" + image + ".png",
            "-o",
            dir.resolve("explained").toString(),
            "--json"
        };
        JsonNode results = CommandLineTest.run(args).json().path("results");
        List<String> expected = above(image, threshold).stream().limit(3).toList();
        assertThat(results).extracting(r -> r.path("class").asText()).containsExactlyElementsOf(expected);
        assertThat(results)
                .allSatisfy(r -> assertThat(Path.of(r.path("file").asText())).exists());
    }

    private static void refused(String message, String... args) {
        CommandLineTest.Outcome outcome = CommandLineTest.run(args);
        assertThat(outcome.code()).isEqualTo(2);
        assertThat(outcome.err()).contains(message).hasLineCount(1);
    }

    @Test
    void mistakesAreReportedInOneLine() throws IOException {
        String data = images;
        refused(
                "several labels, but the model was trained on images with one",
                "eval",
                single.toString(),
                "--data",
                data,
                "--labels",
                labels);
        refused(
                "one has several labels per image, the other a single one",
                "average",
                model.toString(),
                single.toString(),
                "-o",
                dir.resolve("mean.keras").toString());
        refused(
                "eval: --label-separator is for --labels",
                "eval",
                model.toString(),
                "--data",
                data,
                "--label-separator",
                ";");
        refused("is not a config", "eval", single.toString(), "--data", data, "--set", "train.batch=3");
        refused("evaluate them separately", "eval", model.toString(), single.toString(), "--data", data);
        refused(
                "--confusion and --reliability are for models of one label",
                "eval",
                model.toString(),
                "--data",
                data,
                "--labels",
                labels,
                "--confusion",
                "c.csv");
        refused("--threshold 0.0: expected", "eval", model.toString(), "--data", data, "--threshold", "0");
        refused("--valid-labels does not support", "eval", model.toString(), "--data", data, "--valid-labels", labels);
        refused("--real-labels is for", "eval", model.toString(), "--data", data, "--real-labels", labels);
        Path unknown = dir.resolve("unknown.csv");
        Files.writeString(unknown, "file,labels\n0.png,cow\n");
        refused(
                "unknown.csv:2: no class 'cow' in the model",
                "eval",
                model.toString(),
                "--data",
                data,
                "--labels",
                unknown.toString());
        refused(
                "eval: --labels requires a directory",
                "eval",
                model.toString(),
                "--data",
                "digits-vit",
                "--labels",
                labels);
    }
}
