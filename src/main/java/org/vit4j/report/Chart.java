package org.vit4j.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Line chart as SVG. Up to six series are labeled at the ends of their lines; more have a legend below, unless the page
 * has its own. Tooltips show names and values.
 *
 * <p>Colors follow Okabe and Ito (2008): the first four are distinguishable for every kind of color vision, the others
 * also differ by their dashes.
 *
 * @param xLabel label of the horizontal axis, such as {@code epoch}; its values are integers
 * @param log whether the vertical axis is logarithmic; values that are not positive are gaps then
 * @param percent whether values are fractions that are shown as percentages
 * @param legend whether there is a legend below the chart if there are more than six series
 */
public record Chart(
        String title, String xLabel, boolean log, boolean percent, boolean legend, List<ChartSeries> series) {
    /** Width of every chart in pixels. */
    public static final int WIDTH = 440;

    private static final int HEIGHT = 280;
    private static final int LEFT = 54;
    private static final int TOP = 34;
    private static final int BOTTOM = 40;
    /** Ratio of maximum to minimum from which {@link #logarithmicIfWide} uses a logarithmic axis. */
    private static final double WIDE_RATIO = 50;
    /** Maximum number of series that are labeled at their ends. */
    private static final int MAX_DIRECT_LABELS = 6;

    private static final int COLORS = 6;
    private static final int DASHES = 4;
    /** Colors that are distinguishable for every kind of color vision; the others are always dashed. */
    private static final int DISTINCT_COLORS = 4;

    private static final int LABEL_GAP = 14;
    private static final int MAX_LABEL_LENGTH = 18;
    /** Longest name in a legend of one column, and of two. */
    private static final int MAX_NAME = 48;

    private static final int MAX_HALF_NAME = 22;
    private static final double CHARACTER_WIDTH = 6.6;
    /** With more points only lines have tooltips; a tooltip takes about 100 bytes. */
    private static final int MAX_TOOLTIPS = 1500;

    public Chart {
        series = List.copyOf(series);
    }

    /**
     * Named curve with gaps at NaN and infinite values.
     *
     * @param best x of the point that is marked as the best; empty for none
     */
    public record ChartSeries(String name, List<ChartPoint> points, OptionalDouble best) {
        public ChartSeries {
            points = List.copyOf(points);
        }

        /** Curve without a marked point. */
        public ChartSeries(String name, List<ChartPoint> points) {
            this(name, points, OptionalDouble.empty());
        }
    }

    public record ChartPoint(double x, double y) {}

    /** Creates a chart of numbers with a linear axis. */
    public static Chart of(String title, String x, List<ChartSeries> series) {
        return new Chart(title, x, false, false, true, series);
    }

    /** Returns this chart with a logarithmic vertical axis. */
    public Chart logarithmic() {
        return new Chart(title, xLabel, true, percent, legend, series);
    }

    /**
     * Returns this chart with a logarithmic axis and title if all values are positive and the maximum is at least 50
     * times the minimum.
     */
    public Chart logarithmicIfWide() {
        double low = finite().min().orElse(0);
        double high = finite().max().orElse(0);
        if (low <= 0 || high < WIDE_RATIO * low) return this;
        return new Chart(title + ", logarithmic", xLabel, true, percent, legend, series);
    }

    private DoubleStream finite() {
        return values(series.stream().flatMap(s -> s.points.stream()).toList()).filter(Double::isFinite);
    }

    /** Returns this chart with values shown as percentages. */
    public Chart percentages() {
        return new Chart(title, xLabel, log, true, legend, series);
    }

    /** Returns this chart without a legend. */
    public Chart withoutLegend() {
        return new Chart(title, xLabel, log, percent, false, series);
    }

    /** Returns the CSS classes of the i-th series, for a legend outside of the chart: color and dashes. */
    static String cssClasses(int i) {
        int color = i % COLORS;
        int dash = i / COLORS + (color < DISTINCT_COLORS ? 0 : 1);
        return "c" + color + " d" + dash % DASHES;
    }

    /** Returns a short line in the style of the i-th series, for a legend outside of the chart. */
    static String legendSample(int i) {
        return "<svg class=\"sample\" viewBox=\"0 0 26 10\" width=\"26\" height=\"10\" aria-hidden=\"true\"><path class=\""
                + cssClasses(i) + "\" d=\"M1 5H25\"/></svg>";
    }

    /** Returns a self-contained SVG file. */
    public String standalone() {
        return file(Html.resource("chart.css") + Html.resource("chart-dark.css"));
    }

    /** Returns a self-contained SVG file that is light even if the reader prefers dark colors. */
    public String standaloneLight() {
        return file(Html.resource("chart.css"));
    }

    private String file(String style) {
        return draw(" xmlns=\"http://www.w3.org/2000/svg\"", "<style>" + style + "</style>");
    }

    /** Returns the height in pixels, including the legend. */
    public int height() {
        int columns = legendColumns();
        return HEIGHT + (hasLegend() ? (series.size() + columns - 1) / columns * LABEL_GAP + 8 : 0);
    }

    /** Two columns, or one if names are too long for two. */
    private int legendColumns() {
        return series.stream().anyMatch(one -> one.name.length() > MAX_HALF_NAME) ? 1 : 2;
    }

    private boolean hasLegend() {
        return legend && series.size() > MAX_DIRECT_LABELS;
    }

    /** Returns the SVG element for a page of {@link Html#page}, which contains the style. */
    String svg() {
        return draw("", "");
    }

    private String draw(String attributes, String style) {
        StringBuilder out = new StringBuilder();
        out.append(format(
                "<svg%s class=\"chart%s\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">%s",
                attributes,
                series.size() > MAX_DIRECT_LABELS ? " many" : "",
                WIDTH,
                height(),
                Html.escape(title),
                style));
        out.append(format("<text class=\"title\" x=\"10\" y=\"18\">%s</text>", Html.escape(title)));
        Stream<ChartPoint> all = series.stream().flatMap(s -> s.points.stream());
        List<ChartPoint> shown =
                all.filter(p -> Double.isFinite(p.y) && (!log || p.y > 0)).toList();
        if (shown.isEmpty()) {
            out.append(format("<text x=\"%d\" y=\"%d\">no data yet</text>", LEFT, HEIGHT / 2));
            return out.append("</svg>\n").toString();
        }
        ChartFrame frame = frame(shown);
        frame.axes(out, xLabel);
        for (int i = 0; i < series.size(); i++) curve(out, frame, i);
        if (hasDirectLabels()) labels(out, frame);
        if (hasLegend()) legend(out);
        return out.append("</svg>\n").toString();
    }

    private ChartFrame frame(List<ChartPoint> shown) {
        double low = values(shown).min().orElseThrow();
        double high = values(shown).max().orElseThrow();
        Axis yAxis = log ? Axis.log(low, high, percent) : Axis.linear(low, high, percent, false, 5);
        double first = shown.stream().mapToDouble(ChartPoint::x).min().orElseThrow();
        double last = shown.stream().mapToDouble(ChartPoint::x).max().orElseThrow();
        int longest = hasDirectLabels()
                ? series.stream()
                        .mapToInt(s -> shortened(s.name).length())
                        .max()
                        .orElse(0)
                : 0;
        double right = WIDTH - 14 - longest * CHARACTER_WIDTH;
        return new ChartFrame(Axis.linear(first, last, false, true, 6), yAxis, right);
    }

    /** Returns true if series are labeled at their ends; a single series is described by the title. */
    private boolean hasDirectLabels() {
        return series.size() > 1 && series.size() <= MAX_DIRECT_LABELS;
    }

    private static DoubleStream values(List<ChartPoint> points) {
        return points.stream().mapToDouble(ChartPoint::y);
    }

    /** Plot area between the axes. */
    private record ChartFrame(Axis xAxis, Axis yAxis, double right) {
        double x(double value) {
            return LEFT + (right - LEFT) * xAxis.position(value);
        }

        double y(double value) {
            return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * yAxis.position(value);
        }

        void axes(StringBuilder out, String label) {
            for (double tick : yAxis.ticks()) {
                double y = y(tick);
                out.append(format("<path class=\"grid\" d=\"M%d %.1fH%.1f\"/>", LEFT, y, right));
                out.append(format(
                        "<text class=\"end\" x=\"%d\" y=\"%.1f\">%s</text>", LEFT - 6, y + 4, yAxis.tickLabel(tick)));
            }
            for (double tick : xAxis.ticks()) {
                out.append(format(
                        "<text class=\"middle\" x=\"%.1f\" y=\"%d\">%s</text>",
                        x(tick), HEIGHT - BOTTOM + 16, xAxis.tickLabel(tick)));
            }
            out.append(format("<path class=\"axis\" d=\"M%d %dH%.1f\"/>", LEFT, HEIGHT - BOTTOM, right));
            out.append(format(
                    "<text class=\"middle\" x=\"%.1f\" y=\"%d\">%s</text>",
                    (LEFT + right) / 2, HEIGHT - 8, Html.escape(label)));
        }
    }

    private void curve(StringBuilder out, ChartFrame frame, int i) {
        ChartSeries s = series.get(i);
        StringBuilder path = new StringBuilder();
        boolean connected = false;
        List<ChartPoint> drawn = new ArrayList<>();
        for (ChartPoint p : s.points) {
            if (!frame.yAxis.canShow(p.y)) {
                connected = false;
                continue;
            }
            path.append(connected ? 'L' : 'M')
                    .append(oneDecimal(frame.x(p.x)))
                    .append(' ')
                    .append(oneDecimal(frame.y(p.y)));
            connected = true;
            drawn.add(p);
        }
        if (drawn.isEmpty()) return;
        String name = Html.escape(s.name);
        ChartPoint last = drawn.get(drawn.size() - 1);
        String tooltip = name + ": " + frame.yAxis.tooltip(last.y) + " at " + Html.escape(xLabel) + " "
                + frame.xAxis.tickLabel(last.x);
        // A zero-length segment with round caps draws a single point as a dot.
        out.append(format(
                "<g class=\"line\" data-line=\"%d\"><path class=\"%s\" d=\"%s%s\"><title>%s</title></path>",
                i, cssClasses(i), path, drawn.size() == 1 ? "h0" : "", tooltip));
        if (series.stream().mapToInt(line -> line.points.size()).sum() <= MAX_TOOLTIPS) {
            for (ChartPoint p : drawn) {
                out.append(format(
                        "<circle class=\"c%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"><title>%s, %s %s: %s</title></circle>",
                        i % COLORS,
                        frame.x(p.x),
                        frame.y(p.y),
                        name,
                        Html.escape(xLabel),
                        frame.xAxis.tickLabel(p.x),
                        frame.yAxis.tooltip(p.y)));
            }
        }
        drawn.stream()
                .filter(p -> s.best.isPresent() && p.x == s.best.getAsDouble())
                .forEach(p -> out.append(format(
                        "<circle class=\"best c%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"><title>%s, best %s %s: %s</title></circle>",
                        i % COLORS,
                        frame.x(p.x),
                        frame.y(p.y),
                        name,
                        Html.escape(xLabel),
                        frame.xAxis.tickLabel(p.x),
                        frame.yAxis.tooltip(p.y))));
        out.append("</g>");
    }

    /** Draws the names at the ends of the lines, shifted so that they do not overlap. */
    private void labels(StringBuilder out, ChartFrame frame) {
        List<Integer> order = IntStream.range(0, series.size())
                .filter(i -> lastPoint(frame, i) != null)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> frame.y(lastPoint(frame, i).y)))
                .toList();
        double[] y = new double[order.size()];
        for (int i = 0; i < y.length; i++) {
            double preferred = frame.y(lastPoint(frame, order.get(i)).y);
            y[i] = i == 0 ? preferred : Math.max(preferred, y[i - 1] + LABEL_GAP);
        }
        double lowest = HEIGHT - BOTTOM;
        for (int i = y.length - 1; i >= 0; i--) {
            y[i] = Math.min(y[i], lowest);
            lowest = y[i] - LABEL_GAP;
        }
        for (int i = 0; i < y.length; i++) {
            int index = order.get(i);
            out.append(format(
                    "<text class=\"c%d\" x=\"%.1f\" y=\"%.1f\" data-line=\"%d\">%s<title>%s</title></text>",
                    index % COLORS,
                    frame.right + 6,
                    y[i] + 4,
                    index,
                    Html.escape(shortened(series.get(index).name)),
                    Html.escape(series.get(index).name)));
        }
    }

    private ChartPoint lastPoint(ChartFrame frame, int i) {
        List<ChartPoint> points = series.get(i).points;
        for (int k = points.size() - 1; k >= 0; k--) if (frame.yAxis.canShow(points.get(k).y)) return points.get(k);
        return null;
    }

    private void legend(StringBuilder out) {
        int columns = legendColumns();
        for (int i = 0; i < series.size(); i++) {
            int left = i % columns == 0 ? LEFT : LEFT + (WIDTH - LEFT) / 2;
            int y = HEIGHT + 12 + i / columns * LABEL_GAP;
            String name = series.get(i).name;
            out.append(format(
                    "<path class=\"%s\" d=\"M%d %dh20\"/><text x=\"%d\" y=\"%d\">%s<title>%s</title></text>",
                    cssClasses(i),
                    left,
                    y - 4,
                    left + 26,
                    y,
                    Html.escape(shortened(name, columns == 1 ? MAX_NAME : MAX_HALF_NAME)),
                    Html.escape(name)));
        }
    }

    private static String shortened(String name) {
        return shortened(name, MAX_LABEL_LENGTH);
    }

    /** Replaces the middle of a long name by an ellipsis; names of runs mostly differ at the end. */
    private static String shortened(String name, int maxLength) {
        int[] points = name.codePoints().toArray();
        if (points.length <= maxLength) return name;
        int head = maxLength / 3;
        int tail = maxLength - head - 1;
        return new String(points, 0, head) + "…" + new String(points, points.length - tail, tail);
    }

    /** Formats a nonnegative coordinate with one decimal; String.format takes seconds for the curves of 100 runs. */
    private static String oneDecimal(double value) {
        long tenths = Math.round(value * 10);
        return tenths / 10 + "." + tenths % 10;
    }

    private static String format(String text, Object... values) {
        return String.format(Locale.ROOT, text, values);
    }
}
