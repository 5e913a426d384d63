package org.vit4j.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/** Tests the HTML report of a run and its evaluation. */
class RunReportTest {
    private static final String CONFIG = "train: {epochs: 9}\nnote: '</pre><script>alert(1)</script>'\n";

    @TempDir
    Path directory;

    private Document page(Optional<EvaluationReport> evaluation, double... top1) throws IOException {
        RunRecord run = RunRecord.read(RunFixtures.write(directory.resolve("a <b> & c"), CONFIG, top1));
        return RunFixtures.parsed(RunReport.html(run, evaluation, "failed: <loss> & all"));
    }

    private static List<Element> all(Document page, String tag) {
        var nodes = page.getElementsByTagName(tag);
        return IntStream.range(0, nodes.getLength())
                .mapToObj(i -> (Element) nodes.item(i))
                .toList();
    }

    @Test
    void pageIsWellFormedAndEscapesAllTexts() throws IOException {
        Document page = page(Optional.of(RunFixtures.evaluation(10, 12)), 0.5, 0.75, 0.625);
        assertThat(all(page, "h1").get(0).getTextContent()).isEqualTo("a <b> & c");
        assertThat(all(page, "script")).hasSize(1); // of the page template
        assertThat(page.getDocumentElement().getTextContent())
                .contains("failed: <loss> & all")
                .contains("</pre><script>alert(1)</script>")
                .contains("class <3> & \"co\"")
                .contains("17 <&>");
    }

    @Test
    void pageHasNoExternalResources() throws IOException {
        Document page = page(Optional.of(RunFixtures.evaluation(10, 3)), 0.5);
        assertThat(all(page, "link")).isEmpty();
        for (Element e : all(page, "*")) {
            assertThat(e.hasAttribute("src") ? e.getAttribute("src") : "data:").startsWith("data:");
            assertThat(e.hasAttribute("href") ? e.getAttribute("href") : "#").startsWith("#");
        }
        assertThat(all(page, "style").get(0).getTextContent())
                .doesNotContain("url(")
                .doesNotContain("@import");
    }

    @Test
    void factsAreComputedFromTheMetrics() throws IOException {
        String facts =
                all(page(Optional.empty(), 0.5, 0.75, 0.75, 0.625), "dl").get(0).getTextContent();
        assertThat(facts)
                .contains("75.00%epoch 3") // of two equal accuracies, the one with the lower loss
                .contains("62.50%validation")
                .contains("4of 9")
                .contains("0:46") // 10 + 11 + 12 + 13
                .contains("101.5"); // median of 100 to 103
    }

    @Test
    void runWithoutEpochsAndEvaluationHasAPage() throws IOException {
        Document page = page(Optional.empty());
        assertThat(page.getDocumentElement().getTextContent())
                .contains("No epoch has finished yet")
                .contains("no data yet");
    }

    @Test
    void emaMetricsAreShownIfPresent() throws IOException {
        Path run = RunFixtures.write(directory.resolve("ema"), CONFIG, 0.5);
        String line = Files.readString(run.resolve("metrics.jsonl")).strip();
        Files.writeString(
                run.resolve("metrics.jsonl"),
                line.replace("}", ",\"val_ema_loss\":0.25,\"val_ema_top1\":0.875}") + "\n");
        String html = RunReport.html(RunRecord.read(run), Optional.empty(), "finished");
        assertThat(RunFixtures.parsed(html).getDocumentElement().getTextContent())
                .contains("validation, EMA")
                .contains("87.50%epoch 1, EMA weights");
    }

    @Test
    void confusionIsShownAsTableMapOrPairsByNumberOfClasses() {
        Document ten = RunFixtures.parsed("<div>" + ConfusionTable.html(RunFixtures.evaluation(10, 0)) + "</div>");
        assertThat(all(ten, "tbody").get(0).getElementsByTagName("tr").getLength())
                .isEqualTo(10);
        Document hundred = RunFixtures.parsed("<div>" + ConfusionTable.html(RunFixtures.evaluation(100, 0)) + "</div>");
        EvaluationReport e = RunFixtures.evaluation(100, 0);
        assertThat(all(hundred, "rect")).hasSize(e.confused().size() + 1);
        Document thousand =
                RunFixtures.parsed("<div>" + ConfusionTable.html(RunFixtures.evaluation(1000, 0)) + "</div>");
        assertThat(all(thousand, "rect")).isEmpty();
        assertThat(all(thousand, "tr")).hasSize(31);
    }

    @Test
    void mistakesShowThePreprocessedImage() throws IOException {
        EvaluationReport e = RunFixtures.evaluation(10, 1);
        Document page = page(Optional.of(e), 0.5);
        String uri = all(page, "img").get(0).getAttribute("src");
        byte[] png = Base64.getDecoder().decode(uri.substring(uri.indexOf(',') + 1));
        var image = ImageIO.read(new ByteArrayInputStream(png));
        assertThat(image.getWidth()).isEqualTo(32);
        assertThat(image.getRGB(5, 5)).isEqualTo(0xFF6699CC); // zeros are the mean: 0.4, 0.6, 0.8
    }

    @Test
    void evaluationIsReadAsWritten() {
        EvaluationReport e = RunFixtures.evaluation(10, 3);
        e.write(directory);
        EvaluationReport read = EvaluationReport.read(directory).orElseThrow();
        assertThat(read).usingRecursiveComparison().isEqualTo(e);
    }

    @Test
    void corruptEvaluationIsIgnored() throws IOException {
        Files.writeString(directory.resolve("evaluation.json"), "{\"epoch\": 3, \"cl");
        assertThat(EvaluationReport.read(directory)).isEmpty();
        Files.writeString(directory.resolve("evaluation.json"), "{}");
        assertThat(EvaluationReport.read(directory)).isEmpty();
    }
}
