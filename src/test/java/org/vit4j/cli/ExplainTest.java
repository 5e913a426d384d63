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
import org.vit4j.data.datasets.Digits;
import org.vit4j.data.image.ImageFile;
import org.vit4j.model.RandomModel;
import org.vit4j.run.RunConfig;

/** The command {@code explain}. */
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
        out = directory.resolve("explained");
    }

    private static CommandLineTest.Outcome run(Object... words) {
        return CommandLineTest.run(Stream.of(words).map(Object::toString).toArray(String[]::new));
    }

    @Test
    void allMethodsWriteTheirFilesAndAPage() throws Exception {
        String all = "gradcam,rollout,attention,heads,saliency,distance,similarity,features";
        CommandLineTest.Outcome outcome =
                run("explain", model, digit, digit, "--method", all, "--class", "digit 3", "-o", out, "--json");
        assertThat(outcome.err()).isEmpty();
        assertThat(outcome.code()).isZero();
        JsonNode json = new ObjectMapper().readTree(outcome.out());
        assertThat(json.path("results")).hasSize(2 * (4 + 2) + 3); // two heads
        assertThat(json.path("notes")).isEmpty();
        assertThat(json.at("/results/0/class").asText()).isEqualTo("digit 3");
        assertThat(json.at("/results/0/values")).hasSize(4);
        for (JsonNode result : json.path("results"))
            assertThat(Path.of(result.path("file").asText())).isNotEmptyFile();
        assertThat(ImageIO.read(out.resolve("seven-2-rollout.png").toFile()).getWidth())
                .isEqualTo(288);
        assertThat(Files.readAllLines(out.resolve("distance.csv"))).hasSize(3);
        SafeTensors.NamedValues features = Npy.read(out.resolve("features.npy"));
        assertThat(features.shape()).containsExactly(2, 16);
        assertThat(Files.readAllLines(out.resolve("features.csv"))).hasSize(3);
        assertThat(out.resolve("seven-heads-1.png")).isNotEmptyFile();
        assertThat(json.at("/predictions/1/classes")).hasSize(5);
        String page = Files.readString(out.resolve("explain.html"));
        assertThat(page).contains("percentile 98 and above", "<h3>seven-2</h3>", "Layer: blocks.1.attn.");
        assertThat(page.split("<article", -1)).hasSize(3);
        assertThat(page).doesNotContain("http://", "https://");
        DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new java.io.ByteArrayInputStream(
                        page.replace("<!DOCTYPE html>", "").getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void invalidOptionsGiveOneLine() {
        assertRejected("--class", "12", "--class 12: unknown class; the model has 10 classes, from digit 0 to digit 9");
        assertRejected("--layer", "blocks.0.ad1", "blocks.0.ad1: unknown tensor, did you mean 'blocks.0.add1'?");
        assertRejected("--layer", "head", "head [10]: has no grid on the image");
        assertRejected("--layer", "blocks.1.add2", "blocks.1.add2: its cells do not affect the logits");
        CommandLineTest.Outcome outcome =
                run("explain", model, digit, "--method", "attention", "--head", "2", "-o", out);
        assertThat(outcome.err()).contains("head 2 out of range [0, 2)");
        assertRejected("--discard", "1", "discard ratio 1.0: out of range; expected at least 0 and less than 1");
        assertRejected("--percentile", "0", "percentile 0.0: out of range; expected more than 0 and at most 100");
    }

    @Test
    void unreadableImagesAreReportedAndLeftOut() throws Exception {
        Path broken = Files.writeString(directory.resolve("broken.png"), "no image");
        CommandLineTest.Outcome outcome = run("explain", model, broken, digit, "-o", out, "--json");
        assertThat(outcome.code()).isEqualTo(1);
        assertThat(outcome.err())
                .contains("broken.png: ", "1 of 2 inputs cannot be read")
                .hasLineCount(2);
        JsonNode results = new ObjectMapper().readTree(outcome.out()).path("results");
        assertThat(results).hasSize(1);
        assertThat(results.path(0).path("image").asText()).isEqualTo(digit.toString());
        CommandLineTest.Outcome none = run("explain", model, broken, "-o", out);
        assertThat(none.code()).isEqualTo(2);
        assertThat(none.err()).contains("no image can be read");
        CommandLineTest.Outcome failed = run("explain", model, broken, digit, "-o", out, "--on-corrupt", "fail");
        assertThat(failed.code()).isEqualTo(2);
        assertThat(failed.err()).contains("broken.png: ").hasLineCount(1);
    }

    @Test
    void rolloutOptionsChangeTheMapAndAreStatedOnThePage() throws Exception {
        JsonNode paper = new ObjectMapper().readTree(rollout());
        JsonNode changed = new ObjectMapper().readTree(rollout("--head-fusion", "min", "--discard", "0.9"));
        assertThat(changed.at("/results/0/values")).isNotEqualTo(paper.at("/results/0/values"));
        assertThat(Files.readString(out.resolve("explain.html"))).contains("rollout, min over heads, 90% discarded");
    }

    @Test
    void imagesAreNotOverwritten() throws Exception {
        Path map = Files.copy(digit, directory.resolve("seven-rollout.png"));
        byte[] before = Files.readAllBytes(map);
        CommandLineTest.Outcome outcome = run("explain", model, digit, map, "--method", "rollout", "-o", directory);
        assertThat(outcome.code()).isEqualTo(2);
        assertThat(outcome.err())
                .contains("seven-rollout.png: has a name of a file to write, and would be overwritten")
                .hasLineCount(1);
        assertThat(map).hasBinaryContent(before);
    }

    private String rollout(String... options) {
        Stream<Object> words = Stream.of("explain", model, digit, "--method", "rollout", "-o", out, "--json");
        return run(Stream.concat(words, Stream.of(options)).toArray()).out();
    }

    private void assertRejected(String option, String value, String message) {
        CommandLineTest.Outcome outcome = run("explain", model, digit, option, value, "-o", out);
        assertThat(outcome.code()).isEqualTo(2);
        assertThat(outcome.err()).contains(message).hasLineCount(1);
    }
}
