package org.vit4j.plot;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.vit4j.models.Models;
import org.vit4j.run.RunConfig;

class ModelPlotTest {
    private static Drawing draw(String config) {
        return ModelPlot.of(config, RunConfig.open(config, List.of()).model().graph());
    }

    static Stream<String> configs() {
        return Models.builtIn().names().stream().map(arch -> "digits-" + arch);
    }

    private static <T> List<T> all(Drawing drawing, Class<T> kind) {
        return drawing.shapes().stream()
                .filter(kind::isInstance)
                .map(kind::cast)
                .toList();
    }

    private static List<String> texts(Drawing drawing) {
        return all(drawing, Drawing.DrawnText.class).stream()
                .map(Drawing.DrawnText::text)
                .toList();
    }

    @ParameterizedTest
    @MethodSource("configs")
    void boxesAreDisjointOrNested(String config) {
        Drawing drawing = draw(config);
        List<Drawing.DrawnBox> boxes = all(drawing, Drawing.DrawnBox.class);
        assertThat(boxes).hasSizeGreaterThan(5);
        for (Drawing.DrawnBox a : boxes) {
            assertThat(contains(new Drawing.DrawnBox(0, 0, drawing.width(), drawing.height(), a.style()), a))
                    .isTrue();
            for (Drawing.DrawnBox b : boxes) {
                if (!disjoint(a, b))
                    assertThat(contains(a, b) || contains(b, a))
                            .as(a + " and " + b)
                            .isTrue();
            }
        }
    }

    private static boolean disjoint(Drawing.DrawnBox a, Drawing.DrawnBox b) {
        return a.x() + a.width() <= b.x()
                || b.x() + b.width() <= a.x()
                || a.y() + a.height() <= b.y()
                || b.y() + b.height() <= a.y();
    }

    private static boolean contains(Drawing.DrawnBox a, Drawing.DrawnBox b) {
        return a.x() <= b.x()
                && a.y() <= b.y()
                && a.x() + a.width() >= b.x() + b.width()
                && a.y() + a.height() >= b.y() + b.height();
    }

    @ParameterizedTest
    @MethodSource("configs")
    void arrowsPointDownAndCrossNoBox(String config) {
        Drawing drawing = draw(config);
        List<Drawing.DrawnBox> layers = all(drawing, Drawing.DrawnBox.class).stream()
                .filter(box ->
                        box.style() == Drawing.DrawingStyle.LAYER || box.style() == Drawing.DrawingStyle.ATTENTION)
                .toList();
        for (Drawing.DrawnLine line : all(drawing, Drawing.DrawnLine.class)) {
            for (int i = 1; i < line.points().size(); i++) {
                Drawing.DrawnPoint a = line.points().get(i - 1);
                Drawing.DrawnPoint b = line.points().get(i);
                assertThat(b.y()).isGreaterThanOrEqualTo(a.y());
                for (Drawing.DrawnBox box : layers) {
                    boolean sideways =
                            Math.max(a.x(), b.x()) <= box.x() || Math.min(a.x(), b.x()) >= box.x() + box.width();
                    boolean clear = sideways || b.y() <= box.y() + 0.1 || a.y() >= box.y() + box.height() - 0.1;
                    assertThat(clear).as(line + " through " + box).isTrue();
                }
            }
        }
    }

    @Test
    void identicalBlocksAreDrawnOnceWithTheirNumber() {
        List<String> texts = texts(draw("vit_base_patch16_224"));
        assertThat(texts).contains("blocks.0 … 11   × 12", "86.6 M parameters", "[197, 768]");
        assertThat(texts).containsOnlyOnce("attn", "attention, 12 heads of 64", "dense 768 → 1000");
    }

    @Test
    void differentBlocksAreDrawnSeparately() {
        assertThat(texts(draw("cvt_13")))
                .filteredOn(text -> text.contains("×") && text.contains("blocks"))
                .containsExactly("blocks.0 … 1   × 2", "blocks.0 … 9   × 10");
    }

    @Test
    void svgIsWellFormedAndSelfContained() throws Exception {
        String svg = draw("digits-vitae").svg();
        var document = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
        assertThat(document.getElementsByTagName("text").getLength()).isGreaterThan(40);
        assertThat(svg.replace("http://www.w3.org/2000/svg", "")).doesNotContain("http");
    }

    @Test
    void pngHasTheScaledSize() {
        Drawing drawing = draw("digits-vit");
        var image = drawing.image(2);
        assertThat(image.getWidth()).isEqualTo((int) Math.ceil(2 * drawing.width()));
        assertThat(image.getRGB(0, 0) & 0xFFFFFF).isEqualTo(0xFFFFFF);
    }
}
