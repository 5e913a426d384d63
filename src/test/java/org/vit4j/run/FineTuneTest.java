package org.vit4j.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.config.ConfigError;
import org.vit4j.data.DataLoader;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.datasets.DatasetSplits;
import org.vit4j.data.datasets.Digits;
import org.vit4j.data.image.Image;
import org.vit4j.data.transforms.AugmentConfig;
import org.vit4j.graph.analysis.ModelAnatomy;
import org.vit4j.model.Network;

/**
 * Fine-tunes a model of ten digits at 32x32 to three digits at 48x32, training only the head in the first epoch. The
 * model has batch norms and a position embedding.
 */
class FineTuneTest {
    private static final List<String> TINY = List.of(
            "model.dim=16",
            "model.depth=2",
            "model.heads=2",
            "model.mlp_ratio=1",
            "model.i2t_channels=8",
            "train.batch=64",
            "train.schedule.warmup_epochs=0",
            "train.checkpoint_steps=100");

    @TempDir
    static Path shared;

    @TempDir
    Path directory;

    private static Path source;

    @BeforeAll
    static void pretrain() {
        source = TrainRun.run(
                        config("train.epochs=1", "train.batch=256"),
                        shared.resolve("ten"),
                        false,
                        TestRuns.SILENT,
                        () -> false)
                .model();
    }

    private static RunConfig config(String... more) {
        return TestRuns.config("digits-ceit", TINY, more);
    }

    private static RunConfig fineTuneConfig(Path weights, String... more) {
        List<String> overrides = new ArrayList<>(List.of(
                "model.classes=3", "model.image.size=[48, 32]", "train.init.weights=" + weights, "train.epochs=3"));
        overrides.addAll(List.of(more));
        return config(overrides.toArray(String[]::new));
    }

    /** Images of the first digits of a dataset. */
    private record Subset(Dataset all, int digits, List<Integer> indices) implements Dataset {
        Subset(Dataset all, int digits) {
            this(
                    all,
                    digits,
                    IntStream.range(0, all.size())
                            .filter(i -> all.label(i) < digits)
                            .boxed()
                            .toList());
        }

        @Override
        public int size() {
            return indices.size();
        }

        @Override
        public Image image(int index) {
            return all.image(indices.get(index));
        }

        @Override
        public int label(int index) {
            return all.label(indices.get(index));
        }

        @Override
        public String name(int index) {
            return all.name(indices.get(index));
        }

        @Override
        public List<String> classes() {
            return all.classes().subList(0, digits);
        }
    }

    private static TrainData threeDigits(RunConfig config) {
        DatasetSplits split = Digits.split(0.2, 0);
        var preprocess = config.data().preprocess();
        return new TrainData(
                new DataLoader(new Subset(split.train(), 3), AugmentConfig.NONE, preprocess, 64, true, true, 1, 1),
                new DataLoader(
                        new Subset(split.validation(), 3), AugmentConfig.NONE, preprocess, 64, false, false, 0, 1),
                new Subset(split.train(), 3).classes());
    }

    private TrainRun.RunResult run(RunConfig config, String name, boolean resume, int stopAfter) {
        AtomicInteger steps = new AtomicInteger();
        return TrainRun.run(
                config,
                threeDigits(config),
                directory.resolve(name),
                resume,
                TestRuns.SILENT,
                () -> stopAfter > 0 && steps.incrementAndGet() >= stopAfter);
    }

    private static Map<String, float[]> initialWeights(RunConfig config) {
        Map<String, float[]> all = new LinkedHashMap<>();
        try (Network network = Network.create(config.model(), config.train().seed())) {
            config.train().init().orElseThrow().load(config.name(), network);
            network.graph()
                    .parameters()
                    .forEach(weight ->
                            all.put(weight.name(), network.parameters().values(weight.name())));
        }
        return all;
    }

    @Test
    void headEpochsTrainOnlyTheHeadThenAllParameters() {
        RunConfig config = fineTuneConfig(source, "train.init.head_epochs=1", "train.optimizer.weight_decay=0.5");
        Map<String, float[]> before = initialWeights(config);
        Set<String> heads = ModelAnatomy.heads(config.model().graph());
        assertThat(heads).containsExactlyInAnyOrder("head.kernel", "head.bias");

        TrainData data = threeDigits(config);
        int epoch = data.training().batchesPerEpoch() + data.validation().batchesPerEpoch();
        run(config, "tuned", false, epoch + 2); // the first epoch with validation, and one step of the second
        TestRuns.weights(directory.resolve("tuned/last.keras")).forEach((name, values) -> {
            if (heads.contains(name)) assertThat(values).as(name).isNotEqualTo(before.get(name));
            // No update, no decay, no change of batch-norm statistics.
            else assertThat(values).as(name).isEqualTo(before.get(name));
        });

        var result = run(config, "tuned", true, -1);
        Map<String, float[]> after = TestRuns.weights(directory.resolve("tuned/last.keras"));
        assertThat(after.get("blocks.0.attn.qkv.kernel")).isNotEqualTo(before.get("blocks.0.attn.qkv.kernel"));
        assertThat(after.get("i2t.backbone.bn.mean")).isNotEqualTo(before.get("i2t.backbone.bn.mean"));
        var history = result.state().history();
        assertThat(history.get(2).trainLoss()).isLessThan(history.get(0).trainLoss());
    }

    @Test
    void resumingAcrossTheEndOfHeadEpochsIsExactWithoutTheInitialWeights() throws IOException {
        Path copy = Files.copy(source, directory.resolve("start.keras"));
        RunConfig config = fineTuneConfig(copy, "train.init.head_epochs=1", "train.ema.decay=0.9");
        int epoch = threeDigits(config).training().batchesPerEpoch();
        run(config, "uninterrupted", false, -1);
        List<Integer> stops = List.of(2, epoch, epoch + 2);
        for (int stop : stops) {
            assertThat(run(config, "stopped-" + stop, false, stop).finished()).isFalse();
        }
        Files.delete(copy);
        for (int stop : stops) {
            assertThat(run(config, "stopped-" + stop, true, -1).finished()).isTrue();
            for (String file : List.of("last.keras", "model.keras")) {
                Map<String, float[]> uninterrupted =
                        TestRuns.weights(directory.resolve("uninterrupted").resolve(file));
                TestRuns.weights(directory.resolve("stopped-" + stop).resolve(file))
                        .forEach((name, values) -> assertThat(values)
                                .as("stopped after %d: %s of %s", stop, name, file)
                                .isEqualTo(uninterrupted.get(name)));
            }
        }
    }

    @Test
    void weightsThatDoNotFitAreRejectedBeforeAnEarlierRunIsMoved() throws IOException {
        Path run = Files.createDirectories(directory.resolve("run"));
        Files.writeString(run.resolve("config.yaml"), "an earlier run");
        for (String[] wrong : new String[][] {
            {"model.depth=3", "missing: "},
            {"model.dim=32", "wrong shape: "},
            {"train.init.weights=/nowhere.keras", "train.init.weights: /nowhere.keras"},
            {"train.init.weights=/nowhere.pth", "train.init.weights: /nowhere.pth: no such file"}
        }) {
            RunConfig config = fineTuneConfig(source, wrong[0]);
            assertThatThrownBy(
                            () -> TrainRun.run(config, threeDigits(config), run, false, TestRuns.SILENT, () -> false))
                    .isInstanceOf(ConfigError.class)
                    .hasMessageContaining(wrong[1]);
        }
        assertThat(run.resolve("config.yaml")).hasContent("an earlier run");
        RunConfig lenient = fineTuneConfig(source, "model.depth=3", "train.init.strict=false", "train.epochs=1");
        assertThat(run(lenient, "lenient", false, -1).finished()).isTrue();
    }

    @Test
    void headEpochsMustBeInRange() {
        assertThatThrownBy(() -> fineTuneConfig(source, "train.init.head_epochs=4"))
                .hasMessageContaining("init.head_epochs (4) must be at most epochs (3)");
        assertThatThrownBy(() -> fineTuneConfig(source, "train.init.head_epochs=-1"))
                .hasMessageContaining("head_epochs (-1) must be at least 0");
    }
}
