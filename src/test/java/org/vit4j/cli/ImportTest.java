package org.vit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.checkpoint.Npy;
import org.vit4j.checkpoint.SafeTensors;
import org.vit4j.model.ModelDescription;
import org.vit4j.model.SavedModel;

/** The command {@code import}. */
class ImportTest {
    private static final Path FILES = Path.of("src/test/resources/checkpoints");

    @TempDir
    Path directory;

    private Path config;
    private Path model;

    @BeforeEach
    void write() throws IOException {
        model = directory.resolve("model.keras");
        config = Files.writeString(directory.resolve("small.yaml"), """
                model: {arch: vit, image: {size: 16}, classes: 5, patch_size: 8, dim: 8, depth: 2, heads: 2, mlp_ratio: 2}
                data: {mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], crop_pct: 0.9}
                """);
    }

    private CommandLineTest.Outcome run(String checkpoint, String... more) {
        String[] all = new String[5 + more.length];
        String[] first = {"import", config.toString(), checkpoint, "-o", model.toString()};
        System.arraycopy(first, 0, all, 0, 5);
        System.arraycopy(more, 0, all, 5, more.length);
        return CommandLineTest.run(all);
    }

    @Test
    void importedModelHasTheLogitsOfTheCheckpoint() throws IOException {
        CommandLineTest.Outcome outcome =
                run(FILES.resolve("hf_vit.safetensors").toString());
        assertThat(outcome.code()).as(outcome.err()).isZero();
        assertThat(outcome.out()).isEqualTo("model: " + model + System.lineSeparator());

        Map<String, SafeTensors.NamedValues> golden = SafeTensors.read(FILES.resolve("hf_vit.io.safetensors"));
        Path input = npy(golden.get("input"));
        JsonNode predictions = CommandLineTest.run("predict", model.toString(), input.toString(), "--logits", "--json")
                .json();
        float[] logits = golden.get("logits").values();
        for (int i = 0; i < logits.length; i++) {
            double actual = predictions.get(i / 5).path("logits").get(i % 5).asDouble();
            assertThat(actual).isCloseTo(logits[i], within(1e-5));
        }
        ModelDescription description = SavedModel.describe(model);
        assertThat(description.classes()).containsExactly("0", "1", "2", "3", "4");
        assertThat(description.preprocess().mean()).containsExactly(0.5, 0.5, 0.5);
        assertThat(description.preprocess().cropPct()).isEqualTo(0.9);
        assertThat(description.provenance())
                .containsEntry("imported_from", "hf_vit.safetensors")
                .containsEntry("imported_names", "hf")
                .containsKey("imported_sha256");
    }

    @Test
    void classNamesAreReadFromLabelsOrFromConfigJson() throws IOException {
        Path labels = Files.writeString(directory.resolve("labels.txt"), "ant\nbee\ncat\ndog\neel\n");
        assertThat(run(FILES.resolve("ema.bin").toString(), "--labels", labels.toString())
                        .code())
                .isZero();
        assertThat(SavedModel.describe(model).classes()).containsExactly("ant", "bee", "cat", "dog", "eel");

        Path copy = Files.copy(FILES.resolve("ema.bin"), directory.resolve("pytorch_model.bin"));
        Files.writeString(
                directory.resolve("config.json"),
                "{\"id2label\": {\"0\": \"a\", \"1\": \"b\", \"2\": \"c\", \"3\": \"d\", \"4\": \"e\"}}");
        assertThat(run(copy.toString()).code()).isZero();
        assertThat(SavedModel.describe(model).classes()).containsExactly("a", "b", "c", "d", "e");
    }

    @Test
    void weightsAreAdaptedToImageSizeChannelsAndClasses() {
        CommandLineTest.Outcome outcome = run(
                FILES.resolve("hf_vit.safetensors").toString(),
                "--image",
                "24x32",
                "--channels",
                "1",
                "--classes",
                "3");
        assertThat(outcome.code()).as(outcome.err()).isZero();
        assertThat(outcome.err())
                .contains("pos_embed: resampled from 2x2 to 3x4 positions, bicubic")
                .contains("patch_embed.proj.kernel: for 1 instead of 3 channels, its kernels summed")
                .contains("head: 3 classes instead of 5, newly initialized");
        ModelDescription description = SavedModel.describe(model);
        assertThat(description.preprocess().height()).isEqualTo(24);
        assertThat(description.preprocess().width()).isEqualTo(32);
        assertThat(description.preprocess().mean()).containsExactly(0.5);
        assertThat(description.classes()).hasSize(3);
    }

    @Test
    void invalidInputGivesOneLineAndNoModel() {
        refused("rejected because of 'posix.system'", FILES.resolve("evil.pth").toString());
        refused("before PyTorch 1.6", FILES.resolve("legacy.pth").toString());
        refused("no such file", "nowhere.pth");
        refused(
                "contains none of the model's",
                FILES.resolve("authors_levit.safetensors").toString());
        String hf = FILES.resolve("hf_vit.safetensors").toString();
        refused("missing: 12 (blocks.2.norm1.gamma", hf, "--set", "model.depth=3");
        refused("--image: expected a side length or HxW, got '12by7'", hf, "--image", "12by7");
        refused("image height (20) must be a multiple of patch_size (8)", hf, "--image", "20");
        refused(
                "with their shapes; is it another model? Wrong shape: ",
                hf,
                "--set",
                "model.dim=24",
                "--set",
                "model.heads=2",
                "--classes",
                "3");
        assertThat(model).doesNotExist();

        CommandLineTest.Outcome lenient = run(hf, "--set", "model.depth=3", "--lenient");
        assertThat(lenient.code()).isZero();
        assertThat(lenient.err()).contains("missing: 12 (blocks.2.norm1.gamma");
    }

    @Test
    void likeImportsAModelThatKerasTrainedAndSaved() throws IOException {
        Path keras = Path.of("src/test/resources/keras");
        String trained = keras.resolve("trained.keras").toString();
        Path original = keras.resolve("original.keras");
        Path back = directory.resolve("back.keras");
        CommandLineTest.Outcome outcome =
                CommandLineTest.run("import", "--like", original.toString(), trained, "-o", back.toString());
        assertThat(outcome.code()).as(outcome.err()).isZero();
        assertThat(outcome.err()).contains("32 of 32 parameters changed in Keras 3.15.1");

        String input = keras.resolve("trained.input.npy").toString();
        JsonNode predictions = CommandLineTest.run("predict", back.toString(), input, "--logits", "--json")
                .json();
        float[] logits = Npy.read(keras.resolve("trained.logits.npy")).values();
        for (int i = 0; i < logits.length; i++) {
            double actual = predictions.get(i / 5).path("logits").get(i % 5).asDouble();
            assertThat(actual).isCloseTo(logits[i], within(1e-5));
        }
        ModelDescription description = SavedModel.describe(back);
        ModelDescription before = SavedModel.describe(original);
        assertThat(description.classes()).containsExactly("ant", "bee", "cat", "dog", "eel");
        assertThat(description.preprocess()).isEqualTo(before.preprocess());
        assertThat(description.config()).isEqualTo(before.config());
        assertThat(description.provenance())
                .containsEntry("imported_names", "hf")
                .containsEntry("trained_with", "keras 3.15.1")
                .containsEntry("imported_from", "trained.keras")
                .containsKeys("trained_from_sha256", "imported_sha256");
    }

    @Test
    void invalidInputWithLikeGivesOneLine() {
        String trained = "src/test/resources/keras/trained.keras";
        refused("a Keras file. To import a vit4j model that Keras has saved, add --like", trained);
        run(FILES.resolve("hf_vit.safetensors").toString(), "--set", "model.depth=1", "--lenient");
        Path back = directory.resolve("back.keras");
        String[][] cases = {
            {"different network: missing layer 'blocks_0_attn_probs', 'cls_flat'", "--like", model.toString(), trained},
            {"missing vit4j/weights.json: the file was not written by vit4j, or was saved", "--like", trained, trained},
            {"there is no such file", "--like", model.toString(), "none.keras"},
            {"--like: expected one file", "--like", model.toString(), "vit", trained},
            {"--like replaces only the weights", "--like", model.toString(), trained, "--classes", "3"},
            {"expected VARIANT|CONFIG and CHECKPOINT", trained}
        };
        for (String[] invalid : cases) {
            String[] all = new String[invalid.length + 2];
            System.arraycopy(invalid, 1, all, 1, invalid.length - 1);
            all[0] = "import";
            all[invalid.length] = "-o";
            all[invalid.length + 1] = back.toString();
            CommandLineTest.Outcome outcome = CommandLineTest.run(all);
            assertThat(outcome.err()).contains(invalid[0]).doesNotContain("\tat ");
            assertThat(outcome.err().lines()).hasSize(1);
            assertThat(outcome.code()).isEqualTo(2);
        }
        assertThat(back).doesNotExist();
    }

    private void refused(String message, String checkpoint, String... more) {
        CommandLineTest.Outcome outcome = run(checkpoint, more);
        assertThat(outcome.err()).contains(message).doesNotContain("\tat ");
        assertThat(outcome.err().lines()).hasSize(1);
        assertThat(outcome.out()).isEmpty();
        assertThat(outcome.code()).isEqualTo(2);
    }

    private Path npy(SafeTensors.NamedValues array) throws IOException {
        String shape =
                java.util.Arrays.toString(array.shape()).replace('[', '(').replace(']', ')');
        byte[] header = ("{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + ", }\n")
                .getBytes(StandardCharsets.ISO_8859_1);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (byte) header.length, 0});
        out.writeBytes(header);
        ByteBuffer data = ByteBuffer.allocate(4 * array.values().length).order(ByteOrder.LITTLE_ENDIAN);
        data.asFloatBuffer().put(array.values());
        out.writeBytes(data.array());
        return Files.write(directory.resolve("input.npy"), out.toByteArray());
    }
}
