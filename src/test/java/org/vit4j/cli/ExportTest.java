package org.vit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import onnx.OnnxMl;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.model.RandomModel;
import org.vit4j.model.SavedModel;
import org.vit4j.onnx.OnnxRun;
import org.vit4j.run.RunConfig;

/** The command {@code export}. */
class ExportTest {
    @TempDir
    Path directory;

    private Path model;

    @BeforeEach
    void save() {
        RunConfig config = RunConfig.open("digits-deit-distilled", List.of());
        model = directory.resolve("model.keras");
        RandomModel.write(model, "digits", config, RandomModel.digits(), 5);
    }

    private Path out(String name) {
        return directory.resolve(name);
    }

    private CommandLineTest.Outcome export(String format, Path file, String... more) {
        List<String> all = Stream.concat(
                        Stream.of("export", model.toString(), "--format", format, "-o", file.toString()),
                        Stream.of(more))
                .toList();
        return CommandLineTest.run(all.toArray(String[]::new));
    }

    private static List<Path> listed(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.toList();
        }
    }

    private INDArray images() {
        var image = SavedModel.describe(model).model().image();
        Nd4j.getRandom().setSeed(3);
        return Nd4j.randn(DataType.FLOAT, 2, image.channels(), image.height(), image.width());
    }

    private INDArray logits() {
        try (SavedModel saved = SavedModel.load(model)) {
            return saved.logits(images());
        }
    }

    @Test
    void kerasExportIsACopy() throws IOException {
        CommandLineTest.Outcome outcome = export("keras", out("again.keras"));
        assertThat(outcome.code()).as(outcome.err()).isZero();
        assertThat(outcome.out()).isEqualTo("keras: " + out("again.keras") + System.lineSeparator());
        assertThat(out("again.keras")).hasSameBinaryContentAs(model);
    }

    @Test
    void onnxExportHasEqualLogitsAndMetadata() throws Exception {
        assertThat(export("onnx", out("model.onnx")).code()).isZero();
        try (OnnxRun run = OnnxRun.open(out("model.onnx"))) {
            INDArray actual = run.run(Map.of("images", images())).get("logits");
            INDArray expected = logits();
            double largest = expected.amaxNumber().doubleValue();
            assertThat(actual.sub(expected).amaxNumber().doubleValue() / largest)
                    .isLessThan(1e-5);
        }
        OnnxMl.ModelProto written = OnnxMl.ModelProto.parseFrom(Files.readAllBytes(out("model.onnx")));
        assertThat(written.getGraph().getName()).isEqualTo("digits");
        ObjectMapper json = new ObjectMapper();
        for (OnnxMl.StringStringEntryProto entry : written.getMetadataPropsList()) {
            String text = entry.getValue();
            switch (entry.getKey()) {
                case "class_names" ->
                    assertThat(json.readTree(text).path(3).asText()).isEqualTo("digit 3");
                case "preprocessing" -> {
                    JsonNode preprocessing = json.readTree(text);
                    assertThat(preprocessing.path("mean")).isNotEmpty();
                    assertThat(preprocessing.path("height").asInt()).isEqualTo((int) images().size(2));
                }
                case "config" -> assertThat(text).contains("arch: deit");
                case "provenance" -> assertThat(text).isEqualTo("{\"by\":\"test\"}");
                default -> throw new AssertionError(entry.getKey());
            }
        }
        assertThat(written.getMetadataPropsList()).hasSize(4);
    }

    @ParameterizedTest
    @ValueSource(strings = {"uint8", "float"})
    void onnxExportWithPreprocessingAcceptsPixels(String pixels) throws Exception {
        List<String> more =
                pixels.equals("uint8") ? List.of("--preprocess") : List.of("--preprocess", "--pixels", pixels);
        assertThat(export("onnx", out("pixels.onnx"), more.toArray(String[]::new))
                        .code())
                .isZero();
        OnnxMl.ModelProto written = OnnxMl.ModelProto.parseFrom(Files.readAllBytes(out("pixels.onnx")));
        var type = written.getGraph().getInput(0).getType().getTensorType();
        assertThat(OnnxMl.TensorProto.DataType.forNumber(type.getElemType())
                        .name()
                        .toLowerCase(Locale.ROOT))
                .isEqualTo(pixels);
        var image = SavedModel.describe(model).model().image();
        assertThat(type.getShape().getDimList().stream().skip(1).map(dim -> (int) dim.getDimValue()))
                .containsExactly(image.height(), image.width(), image.channels());
    }

    @Test
    void jsonOutputListsTheWrittenFiles() throws IOException {
        CommandLineTest.Outcome outcome = export("ONNX", out("model.onnx"), "--json");
        JsonNode json = new ObjectMapper().readTree(outcome.out());
        assertThat(json.path("format").asText()).isEqualTo("onnx");
        assertThat(json.path("file").asText()).isEqualTo(out("model.onnx").toString());
        assertThat(json.path("files")).hasSize(1);
        assertThat(json.path("bytes").asLong()).isEqualTo(Files.size(out("model.onnx")));
    }

    @Test
    void safetensorsExportImportsWithIdenticalWeights() throws IOException {
        assertThat(export("safetensors", out("model.safetensors")).code()).isZero();
        Path again = out("imported.keras");
        CommandLineTest.Outcome outcome = CommandLineTest.run(
                "import", "digits-deit-distilled", out("model.safetensors").toString(), "-o", again.toString());
        assertThat(outcome.code()).as(outcome.err()).isZero();
        try (SavedModel before = SavedModel.load(model);
                SavedModel after = SavedModel.load(again)) {
            before.graph()
                    .parameters()
                    .forEach(weight -> assertThat(after.parameters().values(weight.name()))
                            .as(weight.name())
                            .isEqualTo(before.parameters().values(weight.name())));
        }
    }

    @Test
    void samediffExportHasVit4jNamesAndEqualLogits() {
        assertThat(export("samediff", out("model.fb")).code()).isZero();
        SameDiff plain = SameDiff.load(out("model.fb").toFile(), false);
        assertThat(plain.inputs()).containsExactly("image");
        assertThat(plain.hasVariable("blocks.0.attn.qkv.kernel")).isTrue();
        assertThat(plain.hasVariable("blocks.0.attn.probs")).isTrue();
        assertThat(plain.getVariable("image").placeholderShape()[0]).isEqualTo(-1);
        INDArray images = images().permute(0, 2, 3, 1).dup('c');
        INDArray actual = plain.output(Map.of("image", images), "logits").get("logits");
        INDArray expected = logits();
        double largest = expected.amaxNumber().doubleValue();
        assertThat(actual.sub(expected).amaxNumber().doubleValue() / largest).isLessThan(1e-5);
    }

    private static void rejected(CommandLineTest.Outcome outcome, String line) {
        assertThat(outcome.code()).isEqualTo(2);
        assertThat(outcome.err()).isEqualTo("vit4j: " + line + System.lineSeparator());
        assertThat(outcome.out()).isEmpty();
    }

    @Test
    void unknownFormatIsRejectedWithTheKnownOnes() {
        rejected(
                export("tflite", out("model.tflite")),
                "--format tflite: unknown format; expected one of keras, onnx, safetensors, samediff");
    }

    @Test
    void existingFileIsReplaced() throws IOException {
        Path file = Files.writeString(out("model.safetensors"), "old");
        assertThat(export("safetensors", file).code()).isZero();
        assertThat(Files.size(file)).isGreaterThan(1000);
        rejected(export("keras", model), "-o " + model + ": is the model itself; choose another file");
    }

    @ParameterizedTest
    @ValueSource(strings = {"keras", "onnx", "safetensors", "samediff"})
    void unusualFileNamesAreAccepted(String format) throws IOException {
        Path file = out("new folder").resolve("übung 100%s é " + "x".repeat(220));
        CommandLineTest.Outcome outcome = export(format, file);
        assertThat(outcome.code()).as(outcome.err()).isZero();
        assertThat(listed(file.getParent())).containsExactly(file);
    }

    @Test
    void invalidOutputPathsAndOptionsAreRejected() throws IOException {
        Path folder = Files.createDirectory(out("folder"));
        rejected(export("onnx", folder), "-o " + folder + ": is a directory; expected a file, such as model.onnx");
        Path text = Files.writeString(out("text"), "old");
        Path below = text.resolve("model.onnx");
        rejected(export("onnx", below), "-o " + below + ": " + text + " is a file, not a directory");
        rejected(export("onnx", Path.of("/dev/null")), "-o /dev/null: is a device, not a file");
        rejected(export("keras", out("b.keras"), "--preprocess"), "--preprocess: supported by onnx only, not by keras");
        rejected(
                export("onnx", out("b.onnx"), "--preprocess", "--pixels", "int8"),
                "--pixels int8: expected uint8 or float");
        rejected(
                export("onnx", out("b.onnx"), "--pixels", "float"),
                "--pixels: expected only together with --preprocess");
        rejected(export("onnx", out("b.onnx"), "--names", "hf"), "--names: supported by safetensors only, not by onnx");
        rejected(
                export("safetensors", out("b"), "--names", "timn"),
                "--names timn: unknown scheme for this network; expected one of reference, authors, hf");
        rejected(
                CommandLineTest.run(
                        "export", out("none.keras").toString(), "--format", "onnx", "-o", out("c").toString()),
                out("none.keras") + ": there is no such file");
        assertThat(listed(directory)).containsExactlyInAnyOrder(model, folder, text);
        assertThat(text).hasContent("old");
    }

    @Test
    void failedExportLeavesNoFile() throws IOException {
        Files.write(model, new byte[100]);
        assertThat(export("onnx", out("model.onnx")).code()).isEqualTo(2);
        assertThat(listed(directory)).containsExactly(model);
        assertThatThrownBy(() -> SavedModel.load(model)).isNotNull();
    }
}
