package org.vit4j.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.vit4j.config.ConfigCatalog;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.model.RandomModel;
import org.vit4j.train.Callback;
import org.vit4j.train.TrainConfig;
import org.vit4j.train.TrainState;

/**
 * Recipes in {@code configs/recipes}: each trains two steps on files of its dataset format and has the learning rates
 * of its source.
 */
class PaperRecipesTest {
    private static final Path CONFIGS = Path.of("configs");

    @TempDir
    static Path data;

    static List<String> recipes() throws IOException {
        try (Stream<Path> files = Files.list(CONFIGS.resolve("recipes"))) {
            return files.map(file -> file.getFileName().toString().replace(".yaml", ""))
                    .sorted()
                    .toList();
        }
    }

    @BeforeAll
    static void writeFilesOfEachFormat() throws IOException {
        Random random = new Random(7);
        for (String split : List.of("train", "val")) {
            for (String name : List.of("cat", "dog")) {
                Path folder = Files.createDirectories(
                        data.resolve("imagenet").resolve(split).resolve(name));
                for (int i = 0; i < (split.equals("train") ? 2 : 1); i++) {
                    BufferedImage image = new BufferedImage(80 + i, 60, BufferedImage.TYPE_INT_RGB);
                    for (int p = 0; p < 60 * 80; p++) image.setRGB(p % 80, p / 80, random.nextInt(1 << 24));
                    ImageIO.write(
                            image, "jpg", folder.resolve(name + i + ".JPEG").toFile());
                }
            }
        }
        Path ten = Files.createDirectories(data.resolve("cifar10"));
        for (int i = 1; i <= 5; i++) records(ten.resolve("data_batch_" + i + ".bin"), 1, 1, random);
        records(ten.resolve("test_batch.bin"), 2, 1, random);
        names(ten.resolve("batches.meta.txt"), 10);
        Path hundred = Files.createDirectories(data.resolve("cifar100"));
        records(hundred.resolve("train.bin"), 5, 2, random);
        records(hundred.resolve("test.bin"), 2, 2, random);
        names(hundred.resolve("fine_label_names.txt"), 100);
        writeTeacher(data.resolve("teacher.keras"));
    }

    private static void records(Path file, int count, int labelBytes, Random random) throws IOException {
        int record = labelBytes + 3072;
        byte[] bytes = new byte[count * record];
        random.nextBytes(bytes);
        for (int i = 0; i < count; i++) {
            for (int label = 0; label < labelBytes; label++) bytes[i * record + label] = (byte) random.nextInt(10);
        }
        Files.write(file, bytes);
    }

    private static void names(Path file, int count) throws IOException {
        String lines = IntStream.range(0, count).mapToObj(i -> "class" + i).collect(Collectors.joining("\n"));
        Files.writeString(file, lines, StandardCharsets.UTF_8);
    }

    private static void writeTeacher(Path file) {
        RunConfig config = RunConfig.open(
                "imagenet-resnet50",
                List.of("model.depth=18", "model.width=2", "model.image.size=32", "model.classes=2"));
        RandomModel.write(file, "teacher", config, List.of("cat", "dog"), 3);
    }

    /** Records the losses. */
    private static final class Steps implements Callback {
        private final List<Double> losses = new ArrayList<>();

        @Override
        public void batch(TrainState state, int batches, double imagesPerSecond) {
            losses.add(state.lossSum() / state.images());
        }

        @Override
        public void epoch(EpochMetrics metrics, int epochs) {}
    }

    @ParameterizedTest
    @MethodSource("recipes")
    void trainsTwoStepsOnFilesOfItsFormat(String recipe) {
        RunConfig plain = RunConfig.open(recipe, List.of());
        boolean folder = recipe.startsWith("imagenet-");
        List<String> small = new ArrayList<>(List.of(
                "train.batch=2",
                "train.accumulate=1",
                "train.epochs=1",
                "train.schedule.min_lr=0", // the scaled rate of a small batch is below the min_lr of the recipe
                "train.workers=1",
                "data.path=" + data.resolve(recipe.substring(0, recipe.indexOf('-')))));
        if (folder) small.add("model.classes=2");
        if (plain.train().distill().isPresent()) {
            small.add("train.distill.teacher=" + data.resolve("teacher.keras"));
        }
        Path run = data.resolve("runs").resolve(recipe);
        Steps steps = new Steps();
        TrainRun.RunResult result = TrainRun.run(RunConfig.open(recipe, small), run, false, steps, () -> false);
        assertThat(result.finished()).isTrue();
        assertThat(steps.losses).hasSize(2).allMatch(loss -> loss > 0 && loss < 30);
        assertThat(run.resolve("model.keras")).exists();
    }

    /** Warm-up from 1e-6 to the peak, half a cosine to 1e-5 over all epochs. */
    @ParameterizedTest
    @CsvSource({
        // recipe, epochs, peak, warm-up epochs; rate at half of the warm-up, a quarter, half and the end of the run
        "imagenet-deit_small, 300, 0.001, 5, 0.0005005, 0.000855017856687, 0.000505",
        "imagenet-deit_tiny, 300, 0.001, 5, 0.0005005, 0.000855017856687, 0.000505",
        "imagenet-deit_small_distilled, 300, 0.001, 5, 0.0005005, 0.000855017856687, 0.000505",
        "imagenet-cait_xxs24, 400, 0.001, 5, 0.0005005, 0.000855017856687, 0.000505",
        "imagenet-t2t_vit_14, 300, 0.0005, 10, 0.0002505, 0.000428241161391, 0.000255",
        "imagenet-crossvit_small, 300, 0.004, 30, 0.0020005, 0.003415678028467, 0.002005",
        "imagenet-pit_s, 300, 0.001, 5, 0.0005005, 0.000855017856687, 0.000505",
        "imagenet-levit_256, 1000, 0.002, 5, 0.0010005, 0.001708571247281, 0.001005",
        "imagenet-cvt_13, 300, 0.002, 5, 0.0010005, 0.001708571247281, 0.001005",
        "imagenet-ceit_tiny, 300, 0.001, 5, 0.0005005, 0.000855017856687, 0.000505",
        "imagenet-vitae_tiny, 300, 0.0001, 10, 0.0000505, 0.0000868198051534, 0.000055",
        "imagenet-deepvit_16, 300, 0.001, 5, 0.0005005, 0.000855017856687, 0.000505",
        "cifar10-vit, 100, 0.001, 10, 0.0005005, 0.000855017856687, 0.000505",
        "cifar10-cvt, 100, 0.001, 10, 0.0005005, 0.000855017856687, 0.000505",
        "cifar10-ceit, 100, 0.001, 10, 0.0005005, 0.000855017856687, 0.000505",
        "cifar100-vit, 100, 0.001, 10, 0.0005005, 0.000855017856687, 0.000505",
        "cifar100-cvt, 100, 0.001, 10, 0.0005005, 0.000855017856687, 0.000505",
        "cifar100-ceit, 100, 0.001, 10, 0.0005005, 0.000855017856687, 0.000505"
    })
    void learningRatesEqualTheSource(
            String recipe, int epochs, double peak, int warmup, double midWarmup, double quarter, double half) {
        TrainConfig train = RunConfig.open(recipe, List.of()).train();
        assertThat(train.epochs()).isEqualTo(epochs);
        assertThat(train.optimizer().lr()).isCloseTo(peak, within(1e-12));
        assertRates(train, 0, 1e-6, warmup / 2.0, midWarmup, epochs / 4.0, quarter, epochs / 2.0, half, epochs, 1e-5);
    }

    @Test
    void plainCifarRecipeDecaysWithoutWarmUp() {
        TrainConfig train = RunConfig.open("cifar10-cvt-plain", List.of()).train();
        assertThat(train.epochs()).isEqualTo(200);
        assertRates(train, 0, 0.01, 50, 0.00853553390593, 100, 0.005, 200, 0);
        assertThat(RunConfig.open("cifar10-cvt-plain", List.of()).resolved()).doesNotContain("augment:");
    }

    @Test
    void teacherRecipeDecaysInSteps() {
        TrainConfig train = RunConfig.open("imagenet-resnet50", List.of()).train();
        assertThat(train.epochs()).isEqualTo(90);
        assertRates(train, 0, 0.001, 2.5, 0.0505, 20, 0.1, 45, 0.01, 70, 0.001, 85, 0.0001);
    }

    /** @param pairs epoch, rate, epoch, rate, ... */
    private static void assertRates(TrainConfig train, double... pairs) {
        for (int i = 0; i < pairs.length; i += 2) {
            assertThat(train.schedule()
                            .withWarmupAtMost(train.epochs())
                            .at(pairs[i], train.optimizer().lr(), List.of()))
                    .as("epoch " + pairs[i])
                    .isCloseTo(pairs[i + 1], within(1e-12));
        }
    }

    @Test
    void everyRecipeIsInTheCatalog() throws IOException {
        assertThat(recipes()).hasSize(20);
        assertThat(ConfigCatalog.names()).containsAll(recipes());
    }

    static List<Path> configs() throws IOException {
        try (Stream<Path> files = Files.walk(CONFIGS)) {
            return files.filter(file -> file.toString().endsWith(".yaml"))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("configs")
    void configHeadersStateSourceExpectedResultAndCommand(Path config) throws IOException {
        String header = Files.readAllLines(config).stream()
                .takeWhile(line -> line.startsWith("#"))
                .collect(Collectors.joining("\n"));
        String name = config.getFileName().toString().replace(".yaml", "");
        assertThat(header).contains("arXiv:");
        assertThat(header).containsPattern("# ./vit4j (train|summary) (configs/)?" + name + "\\b");
        assertThat(header)
                .containsPattern(
                        "\\d%|[Nn]o published|[Nn]o weights were published|without public weights|no figure is");
        if (!config.getParent().endsWith("recipes")) return;
        for (String part : List.of("# Paper: ", "# Expected: ", "# Time: "))
            assertThat(header).contains(part);
    }
}
