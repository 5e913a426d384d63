package org.vit4j.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.vit4j.backend.Backend;
import org.vit4j.backend.TestBackends;

/** Training N epochs equals k epochs and then N - k, bit for bit: weights, optimizer, averages, metrics, best model. */
class ExactResumeTest {
    @TempDir
    Path directory;

    /** All recipes, in builds with the libtorch backend also on that. */
    static List<List<String>> recipesOfBackends() {
        List<List<String>> all = new ArrayList<>(recipes());
        if (TestBackends.available().contains(Backend.TORCH)) {
            for (List<String> recipe : recipes()) {
                List<String> torch = new ArrayList<>(recipe);
                torch.add("train.backend=torch");
                all.add(torch);
            }
        }
        return all;
    }

    private static List<List<String>> recipes() {
        return List.of(
                List.of("train.optimizer={name: adam, lr: 0.01, weight_decay: 0.1}"),
                List.of(
                        "train.optimizer={name: sgd, betas: null, nesterov: true, weight_decay: 0.001}",
                        "train.clip={mode: agc}"),
                List.of("train.optimizer={name: lamb, lr: 0.01}", "train.accumulate=2", "train.ema={decay: 0.9}"),
                List.of("train.optimizer={name: lion, lr: 0.001, layer_decay: 0.7}", "train.clip={mode: value}"),
                List.of(
                        "train.optimizer={name: adamw, lr: 0.01}",
                        "train.ema={decay: 0.99, warmup: true}",
                        "train.freeze=['patch_embed.*']",
                        "train.schedule={name: plateau, patience: 0, threshold: 0.5, decay_rate: 0.5}"));
    }

    private static RunConfig config(List<String> recipe) {
        List<String> overrides = new ArrayList<>(List.of(
                "model.dim=16",
                "model.depth=1",
                "model.heads=2",
                "model.proj_drop=0.1",
                "train.epochs=3",
                "train.batch=300", // four batches per epoch, some images are dropped
                "train.checkpoint_steps=2"));
        overrides.addAll(recipe);
        return RunConfig.open("digits-vit", overrides);
    }

    private Path train(List<String> recipe, String name, int... stops) {
        Path run = directory.resolve(name);
        for (int i = 0; i <= stops.length; i++) {
            int stop = i < stops.length ? stops[i] : Integer.MAX_VALUE;
            AtomicInteger steps = new AtomicInteger();
            var result =
                    TrainRun.run(config(recipe), run, i > 0, TestRuns.SILENT, () -> steps.incrementAndGet() >= stop);
            assertThat(result.finished()).isEqualTo(i == stops.length);
        }
        return run;
    }

    @ParameterizedTest
    @MethodSource("recipesOfBackends")
    void aResumedRunEqualsTheUninterruptedRun(List<String> recipe) throws IOException {
        int perEpoch = recipe.contains("train.accumulate=2") ? 2 : 4;
        Path uninterrupted = train(recipe, "uninterrupted");
        Path afterEpoch = train(recipe, "end", perEpoch);
        Path withinEpoch = train(recipe, "middle", perEpoch + 1, perEpoch / 2);
        int last = 3 * perEpoch;
        for (Path run : List.of(afterEpoch, withinEpoch)) {
            String arrays = String.format(Locale.ROOT, "checkpoints/step-%09d.safetensors", last);
            assertThat(run.resolve(arrays)).hasSameBinaryContentAs(uninterrupted.resolve(arrays));
            assertThat(untimed(run)).isEqualTo(untimed(uninterrupted));
            assertThat(state(run, last)).isEqualTo(state(uninterrupted, last));
            for (String model : List.of("model.keras", "last.keras", "last-ema.keras")) {
                assertThat(Files.exists(run.resolve(model))).isEqualTo(Files.exists(uninterrupted.resolve(model)));
                if (Files.exists(uninterrupted.resolve(model))) {
                    assertThat(weights(run.resolve(model)))
                            .as(model)
                            .containsExactlyElementsOf(weights(uninterrupted.resolve(model)));
                }
            }
        }
    }

    private static List<float[]> weights(Path model) {
        return List.copyOf(TestRuns.weights(model).values());
    }

    private static List<String> untimed(Path run) throws IOException {
        return Files.readAllLines(run.resolve("metrics.jsonl")).stream()
                .map(line -> line.replaceAll(",\"images_per_second.*", ""))
                .toList();
    }

    private static String state(Path run, int step) throws IOException {
        String json = Files.readString(run.resolve(String.format(Locale.ROOT, "checkpoints/step-%09d.json", step)));
        return json.replaceAll("\"(images_per_second|seconds|checksum)\"[^,}]*", "");
    }
}
