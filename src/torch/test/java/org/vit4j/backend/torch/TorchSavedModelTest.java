package org.vit4j.backend.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.vit4j.backend.Backend;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.Precision;
import org.vit4j.config.ConfigError;
import org.vit4j.data.image.Image;
import org.vit4j.explain.Explainer;
import org.vit4j.explain.HeatMap;
import org.vit4j.metrics.Evaluator;
import org.vit4j.metrics.Scores;
import org.vit4j.model.ModelDescription;
import org.vit4j.model.SavedModel;
import org.vit4j.run.RunConfig;
import org.vit4j.run.TrainData;

/** Saved models on the libtorch backend: predictions, evaluation and explanations agree with the SameDiff backend's. */
class TorchSavedModelTest {
    @TempDir
    Path directory;

    private Path save(RunConfig config) {
        ParameterStore parameters = new ParameterStore(config.model().graph().parameters(), DataType.FLOAT);
        parameters.initialize(3);
        List<String> classes = new ArrayList<>();
        for (int i = 0; i < 10; i++) classes.add(String.valueOf(i));
        ModelDescription description = new ModelDescription(
                "tiny",
                config.model(),
                config.resolved(),
                classes,
                config.data().preprocess(),
                Map.of());
        Path file = directory.resolve("model.keras");
        SavedModel.write(file, description, parameters);
        return file;
    }

    private static Image image() {
        Random random = new Random(4);
        float[] pixels = new float[32 * 32];
        for (int i = 0; i < pixels.length; i++) pixels[i] = 255 * random.nextFloat();
        return new Image(32, 32, 1, pixels);
    }

    private static double[] flat(HeatMap map) {
        return Arrays.stream(map.values()).flatMapToDouble(Arrays::stream).toArray();
    }

    /** Results by name, each as a vector. */
    private static Map<String, double[]> results(Path file, Backend backend, RunConfig config) {
        Map<String, double[]> results = new HashMap<>();
        Image image = image();
        try (SavedModel model = SavedModel.load(file, backend);
                Explainer explainer = Explainer.of(model)) {
            assertThat(model.backend()).isEqualTo(backend);
            results.put(
                    "probabilities",
                    model.predict(image, 10).stream()
                            .mapToDouble(prediction -> prediction.probability())
                            .toArray());
            results.put("grad-cam", flat(explainer.gradCam(image)));
            results.put("saliency", flat(explainer.saliency(image, OptionalInt.of(2))));
            results.put("rollout", flat(explainer.rollout(image)));
            results.put("attention", flat(explainer.attention(image, explainer.attentionLayer(), OptionalInt.empty())));
            Scores scores = Evaluator.evaluate(
                    model.inference(),
                    TrainData.open(config).validation(),
                    model.description().classes());
            results.put("scores", new double[] {scores.loss(), scores.top1()});
        }
        return results;
    }

    @ParameterizedTest
    @ValueSource(strings = {"digits-vit", "digits-ceit"})
    void predictionsScoresAndExplanationsAgreeWithSameDiff(String name) {
        RunConfig config = RunConfig.open(name, List.of("model.depth=2", "model.dim=32"));
        Path file = save(config);
        Map<String, double[]> expected = results(file, Backend.SAMEDIFF, config);
        Map<String, double[]> found = results(file, Backend.TORCH, config);
        assertThat(found.keySet()).isEqualTo(expected.keySet());
        expected.forEach((result, values) -> {
            double largest = Arrays.stream(values).map(Math::abs).max().orElseThrow();
            assertThat(largest).as(result).isPositive();
            assertThat(found.get(result)).as(result).containsExactly(values, within(2e-4 * largest));
        });
    }

    @Test
    void bfloat16ChangesProbabilitiesALittle() {
        RunConfig config = RunConfig.open("digits-vit", List.of());
        Path file = save(config);
        try (SavedModel exact = SavedModel.load(file, Backend.TORCH);
                SavedModel rounded = SavedModel.load(file, Backend.TORCH.with(Precision.BF16))) {
            double first = exact.predict(image(), 1).get(0).probability();
            double second = rounded.predict(image(), 1).get(0).probability();
            assertThat(second).isCloseTo(first, within(0.02)).isNotEqualTo(first);
        }
    }

    @Test
    void tf32OnACpuIsOneLine() {
        assertThatThrownBy(() -> Backend.TORCH.with(Precision.TF32).check())
                .isInstanceOf(ConfigError.class)
                .hasMessage(
                        "precision tf32 is not available: tf32 is a format of GPUs, and train.device is cpu; use fp32");
        assertThatThrownBy(() -> Backend.AUTO.with(Precision.TF32).check())
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining("tf32")
                .hasMessageEndingWith("use fp32");
    }
}
