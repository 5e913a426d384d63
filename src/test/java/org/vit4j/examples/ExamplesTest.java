package org.vit4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.model.RandomModel;
import org.vit4j.model.SavedModel;
import org.vit4j.run.RunConfig;

/** Runs the example classes that README.md and docs show. */
class ExamplesTest {
    @TempDir
    Path directory;

    private Path model;
    private Path image;

    @BeforeEach
    void writeModelAndImage() throws IOException {
        RunConfig config = RunConfig.open("digits-vit", List.of());
        model = directory.resolve("model.keras");
        RandomModel.write(model, "digits", config, RandomModel.digits(), 5);
        var spec = config.model().image();
        BufferedImage drawn = new BufferedImage(spec.width(), spec.height(), BufferedImage.TYPE_BYTE_GRAY);
        for (int i = 0; i < spec.width(); i++) drawn.getRaster().setSample(i, (7 * i) % spec.height(), 0, 31 * i % 256);
        image = directory.resolve("image.png");
        ImageIO.write(drawn, "png", image.toFile());
    }

    private INDArray images() {
        try (SavedModel saved = SavedModel.load(model)) {
            return saved.prepareChannelsFirst(image);
        }
    }

    private float[] logits(Path file) {
        try (SavedModel saved = SavedModel.load(file)) {
            return saved.logits(saved.prepareChannelsFirst(image)).toFloatVector();
        }
    }

    private static void assertClose(float[] actual, float[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        float largest = 0;
        for (float logit : expected) largest = Math.max(largest, Math.abs(logit));
        for (int i = 0; i < actual.length; i++) {
            assertThat(Math.abs(actual[i] - expected[i])).isLessThan(1e-5f * largest);
        }
    }

    @Test
    void quickStartRuns() {
        QuickStart.main(new String[] {model.toString(), image.toString()});
    }

    @Test
    void exportedModelsGiveTheLogitsOfTheSavedModel() throws Exception {
        ExportModel.main(new String[] {model.toString(), directory.toString()});
        float[] expected = logits(model);
        assertClose(
                RunOnnx.logits(directory.resolve("pixels.onnx").toString(), ImageIO.read(image.toFile())), expected);
        RunOnnx.main(new String[] {directory.resolve("pixels.onnx").toString(), image.toString()});

        Path images = directory.resolve("images.npy");
        Path logits = directory.resolve("logits.npy");
        Nd4j.writeAsNumpy(images().permute(0, 2, 3, 1).dup('c'), images.toFile());
        PlainSameDiff.main(
                new String[] {directory.resolve("model.fb").toString(), images.toString(), logits.toString()});
        assertClose(Nd4j.createFromNpyFile(logits.toFile()).toFloatVector(), expected);
    }

    @Test
    void fineTunedGraphIsSavedByDl4j() throws IOException {
        Path graph = directory.resolve("graph.zip");
        FineTuneInDl4j.main(new String[] {model.toString(), graph.toString()});
        assertThat(graph).isNotEmptyFile();
    }

    @Test
    void importedCheckpointHasTheRequestedClasses() {
        ExportModel.main(new String[] {model.toString(), directory.toString()});
        Path other = directory.resolve("five.keras");
        ImportCheckpoint.main(new String[] {
            "digits-vit", directory.resolve("model.safetensors").toString(), other.toString()
        });
        assertThat(logits(other)).hasSize(5);
        assertThat(Files.exists(other)).isTrue();
    }

    @Test
    void fineTunedCheckpointHasTheClassesOfTheImages() throws IOException {
        ExportModel.main(new String[] {model.toString(), directory.toString()});
        for (String split : List.of("train", "val")) {
            for (String name : List.of("dark", "light")) {
                Path folder = Files.createDirectories(
                        directory.resolve("images").resolve(split).resolve(name));
                for (int i = 0; i < 4; i++) Files.copy(image, folder.resolve(i + ".png"));
            }
        }
        Path tuned = directory.resolve("tuned.keras");
        FineTune.main(new String[] {
            "digits-vit",
            directory.resolve("model.safetensors").toString(),
            directory.resolve("images").toString(),
            tuned.toString()
        });
        try (SavedModel saved = SavedModel.load(tuned)) {
            assertThat(saved.description().classes()).containsExactly("dark", "light");
            assertThat(saved.logits(saved.prepareChannelsFirst(image)).toFloatVector())
                    .hasSize(2);
        }
    }
}
