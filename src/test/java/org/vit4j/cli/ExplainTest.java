package org.vit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vit4j.checkpoint.Npy;
import org.vit4j.checkpoint.SafeTensors;
import org.vit4j.data.Digits;
import org.vit4j.data.ImageFile;
import org.vit4j.model.RandomModel;
import org.vit4j.train.RunConfig;

/** {@code vit4j explain} as it is typed. */
class ExplainTest {
    @TempDir
    Path directory;

    private Path model;
    private Path digit;
    private Path out;

    @BeforeEach
    void save() throws IOException {
        RunConfig config = RunConfig.open("digits-vit", List.of("model.dim=16", "model.depth=2", "model.heads=2"));
        model = directory.resolve("model.keras");
        RandomModel.write(model, "tiny", config, RandomModel.digits(), 3);
        digit = directory.resolve("seven.png");
        ImageIO.write(ImageFile.toBufferedImage(Digits.all().image(7)), "png", digit.toFile());
        out = directory.resolve("seen");
    }

    private static CommandLineTest.Outcome run(Object... words) {
        return CommandLineTest.run(Stream.of(words).map(Object::toString).toArray(String[]::new));
    }

    @Test
    void everyMethodLeavesItsFilesAndAPage() throws Exception {
        String all = "gradcam,rollout,attention,saliency,distance,similarity,features";
        CommandLineTest.Outcome said =
                run("explain", model, digit, digit, "--method", all, "--class", "digit 3", "-o", out, "--json");
        assertThat(said.err()).isEmpty();
        assertThat(said.code()).isZero();
        JsonNode answer = new ObjectMapper().readTree(said.out());
        assertThat(answer.path("results")).hasSize(2 * 4 + 3);
        assertThat(answer.path("notes")).isEmpty();
        assertThat(answer.at("/results/0/class").asText()).isEqualTo("digit 3");
        assertThat(answer.at("/results/0/values")).hasSize(4);
        for (JsonNode result : answer.path("results"))
            assertThat(Path.of(result.path("file").asText())).isNotEmptyFile();
        assertThat(ImageIO.read(out.resolve("seven-2-rollout.png").toFile()).getWidth())
                .isEqualTo(288);
        assertThat(Files.readAllLines(out.resolve("distance.csv"))).hasSize(3);
        SafeTensors.NamedValues features = Npy.read(out.resolve("features.npy"));
        assertThat(features.shape()).containsExactly(2, 16);
        assertThat(Files.readAllLines(out.resolve("features.csv"))).hasSize(3);
        String page = Files.readString(out.resolve("explain.html"));
        assertThat(page).doesNotContain("http://", "https://");
        DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new java.io.ByteArrayInputStream(
                        page.replace("<!DOCTYPE html>", "").getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void mistakesAreOneLine() {
        assertMistake("--class", "12", "--class 12: unknown class; the model has 10 classes, from digit 0 to digit 9");
        assertMistake("--layer", "blocks.0.ad1", "blocks.0.ad1: unknown tensor, did you mean 'blocks.0.add1'?");
        assertMistake("--layer", "head", "head [10]: has no grid on the image");
        assertMistake("--layer", "blocks.1.add2", "blocks.1.add2: its cells do not affect the logits");
        CommandLineTest.Outcome said = run("explain", model, digit, "--method", "attention", "--head", "2", "-o", out);
        assertThat(said.err()).contains("head 2 out of range [0, 2)");
    }

    private void assertMistake(String option, String value, String message) {
        CommandLineTest.Outcome said = run("explain", model, digit, option, value, "-o", out);
        assertThat(said.code()).isEqualTo(2);
        assertThat(said.err()).contains(message).hasLineCount(1);
    }
}
