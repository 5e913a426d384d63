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
import org.vit4j.train.RunConfig;

/** The examples of the documents, run one after another as a reader would. */
class ExamplesTest {
    @TempDir
    Path directory;

    private Path model;
    private Path picture;

    @BeforeEach
    void aModelAndAPicture() throws IOException {
        RunConfig config = RunConfig.open("digits-vit", List.of());
        model = directory.resolve("model.keras");
        RandomModel.write(model, "digits", config, RandomModel.digits(), 5);
        var image = config.model().image();
        BufferedImage drawn = new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_BYTE_GRAY);
        for (int i = 0; i < image.width(); i++)
            drawn.getRaster().setSample(i, (7 * i) % image.height(), 0, 31 * i % 256);
        picture = directory.resolve("picture.png");
        ImageIO.write(drawn, "png", picture.toFile());
    }

    private INDArray images() {
        try (SavedModel saved = SavedModel.load(model)) {
            return saved.prepareChannelsFirst(picture);
        }
    }

    private float[] logits(Path file) {
        try (SavedModel saved = SavedModel.load(file)) {
            return saved.logits(saved.prepareChannelsFirst(picture)).toFloatVector();
        }
    }

    private static void agree(float[] actual, float[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        float largest = 0;
        for (float logit : expected) largest = Math.max(largest, Math.abs(logit));
        for (int i = 0; i < actual.length; i++) {
            assertThat(Math.abs(actual[i] - expected[i])).isLessThan(1e-5f * largest);
        }
    }

    @Test
    void theFirstExampleRuns() {
        QuickStart.main(new String[] {model.toString(), picture.toString()});
    }

    @Test
    void whatIsExportedAnswersTheSame() throws Exception {
        ExportModel.main(new String[] {model.toString(), directory.toString()});
        float[] expected = logits(model);
        agree(RunOnnx.logits(directory.resolve("pixels.onnx").toString(), ImageIO.read(picture.toFile())), expected);
        RunOnnx.main(new String[] {directory.resolve("pixels.onnx").toString(), picture.toString()});

        Path images = directory.resolve("images.npy");
        Path answers = directory.resolve("logits.npy");
        Nd4j.writeAsNumpy(images().permute(0, 2, 3, 1).dup('c'), images.toFile());
        PlainSameDiff.main(
                new String[] {directory.resolve("model.fb").toString(), images.toString(), answers.toString()});
        agree(Nd4j.createFromNpyFile(answers.toFile()).toFloatVector(), expected);
    }

    @Test
    void aCheckpointIsImportedForOtherClasses() {
        ExportModel.main(new String[] {model.toString(), directory.toString()});
        Path other = directory.resolve("five.keras");
        ImportCheckpoint.main(new String[] {
            "digits-vit", directory.resolve("model.safetensors").toString(), other.toString()
        });
        assertThat(logits(other)).hasSize(5);
        assertThat(Files.exists(other)).isTrue();
    }
}
