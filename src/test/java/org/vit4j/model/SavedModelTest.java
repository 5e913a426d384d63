package org.vit4j.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.vit4j.backend.Backend;
import org.vit4j.backend.ParameterStore;
import org.vit4j.backend.samediff.SameDiffInference;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;
import org.vit4j.io.RunException;
import org.vit4j.run.RunConfig;

class SavedModelTest {
    @TempDir
    Path directory;

    private Path file;
    private ModelDescription description;
    private ParameterStore parameters;
    private final INDArray images = Nd4j.rand(DataType.FLOAT, 5, 1, 32, 32);

    @BeforeEach
    void save() {
        RunConfig config = RunConfig.open("digits-vit", List.of("model.dim=16", "model.depth=2", "model.heads=2"));
        Graph graph = config.model().graph();
        parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        parameters.initialize(3);
        List<String> classes = IntStream.range(0, 10).mapToObj(String::valueOf).toList();
        description = new ModelDescription(
                "tiny",
                config.model(),
                config.resolved(),
                classes,
                config.data().preprocess(),
                Map.of("made", "here"));
        file = directory.resolve("model.keras");
        SavedModel.write(file, description, parameters);
    }

    @Test
    void logitsAndDescriptionAreIdenticalAfterReloading() {
        INDArray expected = new SameDiffInference(description.model().graph(), parameters)
                .logits(images.permute(0, 2, 3, 1).dup('c'));
        try (SavedModel model = SavedModel.load(file)) {
            assertThat(model.logits(images)).isEqualTo(expected);
            assertThat(model.description()).isEqualTo(description);
        }
    }

    @Test
    void logitsAreIndependentOfTheBatchSize() {
        try (SavedModel model = SavedModel.load(file)) {
            INDArray all = model.logits(images);
            for (int i = 0; i < 5; i++) {
                INDArray one = model.logits(images.get(NDArrayIndex.interval(i, i + 1)));
                assertThat(one.getRow(0).distance2(all.getRow(i))).isLessThan(1e-5);
            }
        }
    }

    @Test
    void innerTensorsHaveTheShapesOfTheGraph() {
        try (SavedModel model = SavedModel.load(file)) {
            INDArray maps = model.tensor("blocks.1.attn.probs", images);
            assertThat(maps.shape()).containsExactly(5, 2, 17, 17);
            assertThat(maps.sum(3).sub(1).amaxNumber().doubleValue()).isLessThan(1e-5);
            assertThat(model.tensor("blocks.0.mlp.fc1", images).shape()).containsExactly(5, 17, 32);
            assertThatThrownBy(() -> model.tensor("blocks.7", images)).hasMessageContaining("no tensor 'blocks.7'");
        }
    }

    @Test
    void inputsOfEachTypeAreConvertedAndMayBeRead() {
        for (Backend backend : List.of(Backend.ONEDNN, Backend.SAMEDIFF)) {
            try (SavedModel model = SavedModel.load(file, backend)) {
                assertThat(model.tensor("image", images)).isEqualTo(images.permute(0, 2, 3, 1));
                INDArray expected = model.logits(images);
                assertThat(model.logits(images.castTo(DataType.DOUBLE).dup('f')))
                        .isEqualTo(expected);
            }
        }
    }

    @Test
    void interruptedThreadsLoadAndSave() {
        Path again = directory.resolve("interrupted.keras");
        Thread.currentThread().interrupt();
        try (SavedModel model = SavedModel.load(file)) {
            SavedModel.write(again, model.description(), model.parameters());
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
        assertThat(again).hasSameBinaryContentAs(file);
    }

    @Test
    void logitsOfAnotherLengthAreRejected() {
        try (SavedModel model = SavedModel.load(file)) {
            assertThatThrownBy(() -> model.top(new float[3], 1)).hasMessage("3 logits, expected one per class: 10");
            assertThatThrownBy(() -> model.top(new float[0][], 1))
                    .hasMessage("expected the logits of one view or more, got none");
        }
    }

    @Test
    void equalModelsGiveEqualFiles() throws IOException {
        Path again = directory.resolve("again.keras");
        SavedModel.write(again, description, parameters);
        assertThat(Files.readAllBytes(again)).isEqualTo(Files.readAllBytes(file));
    }

    @Test
    void concurrentCallsGiveEqualLogits() {
        try (SavedModel model = SavedModel.load(file)) {
            INDArray expected = model.logits(images);
            assertThat(IntStream.range(0, 16)
                            .parallel()
                            .mapToObj(i -> model.logits(images))
                            .toList())
                    .allMatch(expected::equals);
        }
    }

    @Test
    void callsDuringCloseAnswerRightOrFail() throws Exception {
        INDArray expected;
        try (SavedModel model = SavedModel.load(file)) {
            expected = model.logits(images);
        }
        for (int round = 0; round < 5; round++) {
            SavedModel model = SavedModel.load(file);
            CountDownLatch started = new CountDownLatch(4);
            List<CompletableFuture<Void>> callers = IntStream.range(0, 4)
                    .mapToObj(i -> CompletableFuture.runAsync(() -> {
                        try {
                            for (int call = 0; call < 100; call++) {
                                assertThat(model.logits(images)).isEqualTo(expected);
                                started.countDown();
                            }
                        } catch (IllegalStateException e) {
                            assertThat(e).hasMessageContaining("the model is closed");
                        }
                    }))
                    .toList();
            assertThat(started.await(60, TimeUnit.SECONDS)).isTrue();
            model.close();
            assertThatThrownBy(() -> model.logits(images)).isInstanceOf(IllegalStateException.class);
            for (CompletableFuture<Void> caller : callers) caller.get(60, TimeUnit.SECONDS);
        }
    }

    @Test
    void concurrentWritesOfOneFileSucceed() throws Exception {
        byte[] bytes = Files.readAllBytes(file);
        List<CompletableFuture<Void>> writers = IntStream.range(0, 8)
                .mapToObj(i -> CompletableFuture.runAsync(() -> SavedModel.write(file, description, parameters)))
                .toList();
        for (CompletableFuture<Void> writer : writers) writer.get(60, TimeUnit.SECONDS);
        assertThat(Files.readAllBytes(file)).isEqualTo(bytes);
        assertThat(directory.toFile().list()).containsExactly("model.keras");
    }

    @Test
    void wrongInputsAreReportedInTheLayoutOfTheCaller() {
        try (SavedModel model = SavedModel.load(file)) {
            assertThatThrownBy(() -> model.logits(Nd4j.zeros(5, 32, 32, 1)))
                    .hasMessage("expected images [N, C, H, W] of [5, 1, 32, 32], got [5, 32, 32, 1]");
            assertThatThrownBy(() -> model.inference().tensor("logits", Map.of()))
                    .hasMessage("missing input image");
            assertThatThrownBy(() -> model.top(new float[10], -1)).hasMessage("k (-1) must be at least 0");
        }
    }

    @Test
    void invalidFilesAreRejectedWithAConfigError() throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        for (int length : new int[] {0, 3, 100, bytes.length / 2, bytes.length - 30}) {
            Path truncated = Files.write(directory.resolve("truncated.keras"), java.util.Arrays.copyOf(bytes, length));
            assertThatThrownBy(() -> SavedModel.load(truncated))
                    .as(length + " bytes")
                    .isInstanceOf(ConfigError.class)
                    .hasMessageContaining("truncated.keras");
        }
        assertThatThrownBy(() -> SavedModel.load(directory)).isInstanceOf(ConfigError.class);
        assertThatThrownBy(() -> SavedModel.load(directory.resolve("absent.keras")))
                .isInstanceOf(ConfigError.class);
        Path text = Files.writeString(directory.resolve("text.keras"), "not a model");
        assertThatThrownBy(() -> SavedModel.load(text)).isInstanceOf(ConfigError.class);
    }

    private void assertRejected(String config, String message) {
        Path invalid = directory.resolve("invalid.keras");
        ModelDescription other = new ModelDescription(
                "tiny", description.model(), config, description.classes(), description.preprocess(), Map.of());
        SavedModel.write(invalid, other, parameters);
        assertThatThrownBy(() -> SavedModel.load(invalid))
                .isInstanceOf(ConfigError.class)
                .hasMessageMatching(Pattern.quote(invalid + "!config.yaml:") + "\\d+: " + Pattern.quote(message));
    }

    @Test
    void invalidConfigsInTheFileAreReportedInOneLine() {
        assertRejected(
                description.config().replace("qkv_bias:", "qvk_bias:"),
                "model: unknown key 'qvk_bias', did you mean 'qkv_bias'?");
    }

    @Test
    void configsInTheFileMustNotExtendOthers() {
        assertRejected("extends: elsewhere.yaml\n" + description.config(), "extends: not allowed in a saved config");
    }

    @Test
    void unwritableTargetsFailWithoutLeavingFiles() throws IOException {
        Path blocked = Files.writeString(directory.resolve("blocked"), "a file");
        assertThatThrownBy(() -> SavedModel.write(blocked.resolve("model.keras"), description, parameters))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("cannot be written");
        try (var files = Files.list(directory)) {
            assertThat(files.map(f -> f.getFileName().toString())).containsExactlyInAnyOrder("blocked", "model.keras");
        }
    }
}
