package org.vit4j.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** Tests the SVG of charts, the escaping of texts and the axes. */
class ChartTest {
    private static Chart.ChartSeries series(String name, double... values) {
        return new Chart.ChartSeries(
                name,
                IntStream.range(0, values.length)
                        .mapToObj(i -> new Chart.ChartPoint(i + 1, values[i]))
                        .toList());
    }

    private static List<Element> all(Document svg, String tag) {
        NodeList nodes = svg.getElementsByTagName(tag);
        return IntStream.range(0, nodes.getLength())
                .mapToObj(i -> (Element) nodes.item(i))
                .toList();
    }

    private static String path(Document svg) {
        return all(svg, "path").stream()
                .filter(p -> p.getAttribute("class").startsWith("c0"))
                .findFirst()
                .orElseThrow()
                .getAttribute("d");
    }

    @Test
    void namesAreEscaped() {
        String markup = "</title><script>alert('&\"')</script>\u0001\ud800";
        String svg = Chart.of(markup, markup, List.of(series(markup, 1, 2), series("b", 2, 1)))
                .standalone();
        Document parsed = RunFixtures.parsed(svg);
        assertThat(all(parsed, "script")).isEmpty();
        assertThat(parsed.getDocumentElement().getAttribute("aria-label"))
                .isEqualTo("</title><script>alert('&\"')</script>\ufffd\ufffd");
    }

    @Test
    void nanIsDrawnAsAGap() {
        String d = path(RunFixtures.parsed(Chart.of("t", "epoch", List.of(series("a", 1, Double.NaN, 3, 4)))
                .standalone()));
        assertThat(d.chars().filter(c -> c == 'M')).hasSize(2);
        assertThat(d.chars().filter(c -> c == 'L')).hasSize(1);
    }

    @Test
    void logarithmicAxisSpacesDecadesEqually() {
        String d = path(RunFixtures.parsed(Chart.of("t", "epoch", List.of(series("a", 1, 0.1, 0.01, 0)))
                .logarithmic()
                .standalone()));
        double[] y = List.of(d.substring(1).split("L")).stream()
                .mapToDouble(p -> Double.parseDouble(p.split(" ")[1]))
                .toArray();
        assertThat(y).hasSize(3); // zero is not drawn on a logarithmic axis
        assertThat(y[1] - y[0]).isCloseTo(y[2] - y[1], within(0.11)).isPositive();
    }

    @Test
    void logarithmicIfWideDependsOnTheValueRange() {
        Chart narrow = Chart.of("t", "epoch", List.of(series("a", 1, 0.1)));
        Chart wide = Chart.of("t", "epoch", List.of(series("a", 1, 0.01)));
        Chart zero = Chart.of("t", "epoch", List.of(series("a", 1, 0)));
        assertThat(narrow.logarithmicIfWide()).isEqualTo(narrow);
        assertThat(wide.logarithmicIfWide().log()).isTrue();
        assertThat(zero.logarithmicIfWide()).isEqualTo(zero);
    }

    @Test
    void upToSixLinesAreLabeledAtTheirEndsWithoutOverlap() {
        List<Chart.ChartSeries> lines = new ArrayList<>();
        for (int i = 0; i < 6; i++) lines.add(series("run " + i, 1, 0.5));
        Document svg = RunFixtures.parsed(Chart.of("t", "epoch", lines).standalone());
        double[] y = all(svg, "text").stream()
                .filter(t -> t.getTextContent().startsWith("run "))
                .mapToDouble(t -> Double.parseDouble(t.getAttribute("y")))
                .sorted()
                .toArray();
        assertThat(y).hasSize(6);
        for (int i = 1; i < y.length; i++) assertThat(y[i] - y[i - 1]).isGreaterThan(13);
        assertThat(y[5]).isLessThan(280);
    }

    @Test
    void moreThanSixLinesHaveALegendAndDistinctStyles() {
        List<Chart.ChartSeries> lines = new ArrayList<>();
        for (int i = 0; i < 20; i++) lines.add(series("run " + i, 1, i));
        String svg = Chart.of("t", "epoch", lines).standalone();
        assertThat(all(RunFixtures.parsed(svg), "text"))
                .filteredOn(t -> t.getTextContent().startsWith("run "))
                .hasSize(20);
        var styles = new HashSet<String>();
        for (int i = 0; i < 24; i++) styles.add(Chart.cssClasses(i));
        assertThat(styles).hasSize(24);
    }

    @Test
    void pointsHaveTooltipsUnlessThereAreTooMany() {
        Document few = RunFixtures.parsed(Chart.of("t", "epoch", List.of(series("a", 0.125, 0.25)))
                .percentages()
                .standalone());
        assertThat(all(few, "circle")).hasSize(2);
        assertThat(few.getDocumentElement().getTextContent()).contains("a, epoch 2: 25.00%");
        Document many = RunFixtures.parsed(
                Chart.of("t", "epoch", List.of(series("a", new double[2000]))).standalone());
        assertThat(all(many, "circle")).isEmpty();
    }

    @Test
    void emptyChartsAndSinglePointsAreDrawn() {
        assertThat(Chart.of("t", "epoch", List.of()).standalone()).contains("no data yet");
        assertThat(Chart.of("t", "epoch", List.of(series("a", Double.NaN))).standalone())
                .contains("no data yet");
        assertThat(path(RunFixtures.parsed(
                        Chart.of("t", "epoch", List.of(series("a", 0))).standalone())))
                .endsWith("h0");
    }

    @Test
    void numbersAreFormattedWithSignificantDigits() {
        assertThat(Axis.number(0, 4)).isEqualTo("0");
        assertThat(Axis.number(-0.0, 4)).isEqualTo("0");
        assertThat(Axis.number(0.17349, 4)).isEqualTo("0.1735");
        assertThat(Axis.number(0.00234567, 4)).isEqualTo("0.002346");
        assertThat(Axis.number(12345.678, 4)).isEqualTo("12346");
        assertThat(Axis.number(100, 4)).isEqualTo("100");
        assertThat(Axis.number(1.96259e-4, 4)).isEqualTo("1.963e-4");
        assertThat(Axis.number(-2.5e7, 4)).isEqualTo("-2.5e7");
        assertThat(Axis.number(Double.NaN, 4)).isEqualTo("NaN");
    }

    @Test
    void ticksAreRoundAndCoverTheValues() {
        Axis axis = Axis.linear(0.13, 2.41, false, false, 5);
        assertThat(axis.ticks()).startsWith(0.0, 0.5).endsWith(2.5);
        Axis epochs = Axis.linear(1, 3, false, true, 6);
        assertThat(epochs.ticks()).containsExactly(1.0, 2.0, 3.0);
        Axis decades = Axis.log(0.003, 40, false);
        assertThat(decades.low()).isCloseTo(0.002, within(1e-9));
        assertThat(decades.high()).isCloseTo(50, within(1e-9));
        assertThat(decades.ticks()).hasSize(4).contains(0.01, 0.1, 1.0, 10.0);
        assertThat(Axis.log(7, 7, false).ticks()).containsExactly(5.0, 10.0);
    }
}
