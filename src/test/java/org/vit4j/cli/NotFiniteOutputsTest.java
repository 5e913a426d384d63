package org.vit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.vit4j.backend.ParameterStore;
import org.vit4j.model.ModelDescription;
import org.vit4j.model.SavedModel;
import org.vit4j.run.RunConfig;

/** {@code predict} and {@code eval} of models whose outputs are NaN. */
class NotFiniteOutputsTest {
    private static final String CAUSE = "its weights are damaged, or the training that wrote them diverged";

    @Test
    void outputsThatAreNotFiniteAreReported(@TempDir Path directory) throws IOException {
        Path image = directory.resolve("in/0/a.png");
        Files.createDirectories(image.getParent());
        ImageIO.write(new BufferedImage(8, 8, BufferedImage.TYPE_BYTE_GRAY), "png", image.toFile());
        Path model = directory.resolve("nan.keras");
        write(model, Float.NaN);
        String folder = directory.resolve("in").toString();
        var predicted = CommandLineTest.run("predict", model.toString(), folder);
        assertThat(predicted.err())
                .endsWith("vit4j: " + model + ": logits of 1 input are NaN or infinite; " + CAUSE + "\n");
        Path table = directory.resolve("table.csv");
        assertThat(CommandLineTest.run("predict", model.toString(), folder, "-o", table.toString())
                        .err())
                .contains("logits of 1 input are NaN or infinite");
        var evaluated = CommandLineTest.run("eval", model.toString(), "--data", folder);
        assertThat(evaluated.err()).contains("vit4j: " + model + ": the loss is NaN; " + CAUSE);
        Path finite = directory.resolve("finite.keras");
        write(finite, -100); // predicts class 1, the image is of class 0
        var compared = CommandLineTest.run("eval", model.toString(), finite.toString(), "--data", folder);
        assertThat(compared.out().lines().skip(1).findFirst().orElseThrow()).startsWith(finite.toString());
        write(model, 1);
        assertThat(CommandLineTest.run("predict", model.toString(), folder).err())
                .doesNotContain(CAUSE);
        assertThat(CommandLineTest.run("eval", model.toString(), "--data", folder)
                        .err())
                .doesNotContain(CAUSE);
    }

    private static void write(Path file, float bias) {
        RunConfig config = RunConfig.open(
                "digits-vit", List.of("model.classes=2", "model.depth=1", "model.dim=16", "model.heads=2"));
        ParameterStore parameters = new ParameterStore(config.model().graph().parameters(), DataType.FLOAT);
        parameters.initialize(1);
        parameters.array("head.bias").putScalar(0, bias);
        SavedModel.write(
                file,
                new ModelDescription(
                        "nan",
                        config.model(),
                        config.resolved(),
                        List.of("0", "1"),
                        config.data().preprocess(),
                        Map.of()),
                parameters);
    }
}
