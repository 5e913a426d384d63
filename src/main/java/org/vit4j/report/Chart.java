package org.vit4j.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Curves in one picture, as SVG. Up to six are labelled where they end; more get a legend below, unless the page has one
 * of its own. Names and values show when the pointer rests on a line or point.
 *
 * <p>Colors are after Okabe and Ito (2008): the first four stay apart for every kind of color vision, the others differ
 * from them in their dashes besides.
 *
 * @param x what the horizontal axis counts, such as {@code epoch}; whole numbers
 * @param log whether the vertical axis is logarithmic; values that are not above zero are gaps then
 * @param percent whether values are fractions to be shown as percentages
 * @param legend whether more than six series are named below the picture
 */
public record Chart(String title, String x, boolean log, boolean percent, boolean legend, List<ChartSeries> series) {
    /** Of every chart, in pixels. */
    public static final int WIDTH = 440;

    private static final int HEIGHT = 280;
    private static final int LEFT = 54;
    private static final int TOP = 34;
    private static final int BOTTOM = 40;
    private static final double WIDE = 50;
    private static final int DIRECT = 6;
    private static final int COLORS = 6;
    private static final int DASHES = 4;
    /** That many colors differ for every kind of vision; the others look like one of them and are dashed from the first. */
    private static final int APART = 4;

    private static final int LABEL_GAP = 14;
    private static final int LONGEST_LABEL = 18;
    private static final double CHARACTER = 6.6;
    /** Beyond so many points only lines have tooltips: each costs a hundred bytes. */
    private static final int MOST_TOOLTIPS = 1500;

    public Chart {
        series = List.copyOf(series);
    }

    /** A curve; gaps where a value is no number. */
    public record ChartSeries(String name, List<ChartPoint> points) {
        public ChartSeries {
            points = List.copyOf(points);
        }
    }

    public record ChartPoint(double x, double y) {}

    /** A linear chart of numbers. */
    public static Chart of(String title, String x, List<ChartSeries> series) {
        return new Chart(title, x, false, false, true, series);
    }

    public Chart logarithmic() {
        return new Chart(title, x, true, percent, legend, series);
    }

    /** Logarithmic when all values are above zero and the largest is fifty times the smallest; the title says so then. */
    public Chart logarithmicIfWide() {
        double low = finite().min().orElse(0);
        double high = finite().max().orElse(0);
        if (low <= 0 || high < WIDE * low) return this;
        return new Chart(title + ", logarithmic", x, true, percent, legend, series);
    }

    private DoubleStream finite() {
        return values(series.stream().flatMap(s -> s.points.stream()).toList()).filter(Double::isFinite);
    }

    public Chart percentages() {
        return new Chart(title, x, log, true, legend, series);
    }

    public Chart withoutLegend() {
        return new Chart(title, x, log, percent, false, series);
    }

    /** The classes of the i-th curve, for a legend elsewhere: color and dashes. */
    static String style(int i) {
        int color = i % COLORS;
        int round = i / COLORS + (color < APART ? 0 : 1);
        return "c" + color + " d" + round % DASHES;
    }

    /** A piece of the i-th line, for a legend elsewhere. */
    static String sample(int i) {
        return "<svg class=\"sample\" viewBox=\"0 0 26 10\" width=\"26\" height=\"10\" aria-hidden=\"true\"><path class=\""
                + style(i) + "\" d=\"M1 5H25\"/></svg>";
    }

    /** To stand in a file of its own: the style is inside. */
    public String standalone() {
        return file(Html.resource("chart.css") + Html.resource("chart-dark.css"));
    }

    /** The same in the colors for light paper, whatever the reader's system prefers. */
    public String onPaper() {
        return file(Html.resource("chart.css"));
    }

    private String file(String style) {
        return draw(" xmlns=\"http://www.w3.org/2000/svg\"", "<style>" + style + "</style>");
    }

    /** In pixels, the legend included. */
    public int height() {
        return HEIGHT + (named() ? (series.size() + 1) / 2 * LABEL_GAP + 8 : 0);
    }

    private boolean named() {
        return legend && series.size() > DIRECT;
    }

    /** To stand in a page of {@link Html#page}. */
    String svg() {
        return draw("", "");
    }

    private String draw(String attributes, String style) {
        StringBuilder out = new StringBuilder();
        out.append(format(
                "<svg%s class=\"chart%s\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">%s",
                attributes, series.size() > DIRECT ? " many" : "", WIDTH, height(), Html.escape(title), style));
        out.append(format("<text class=\"title\" x=\"10\" y=\"18\">%s</text>", Html.escape(title)));
        Stream<ChartPoint> all = series.stream().flatMap(s -> s.points.stream());
        List<ChartPoint> shown =
                all.filter(p -> Double.isFinite(p.y) && (!log || p.y > 0)).toList();
        if (shown.isEmpty()) {
            out.append(format("<text x=\"%d\" y=\"%d\">nothing to draw yet</text>", LEFT, HEIGHT / 2));
            return out.append("</svg>\n").toString();
        }
        ChartFrame frame = frame(shown);
        frame.axes(out, x);
        for (int i = 0; i < series.size(); i++) curve(out, frame, i);
        if (direct()) labels(out, frame);
        if (named()) legend(out);
        return out.append("</svg>\n").toString();
    }

    private ChartFrame frame(List<ChartPoint> shown) {
        double low = values(shown).min().orElseThrow();
        double high = values(shown).max().orElseThrow();
        Axis up = log ? Axis.log(low, high, percent) : Axis.linear(low, high, percent, false, 5);
        double first = shown.stream().mapToDouble(ChartPoint::x).min().orElseThrow();
        double last = shown.stream().mapToDouble(ChartPoint::x).max().orElseThrow();
        int longest = direct()
                ? series.stream()
                        .mapToInt(s -> shortened(s.name).length())
                        .max()
                        .orElse(0)
                : 0;
        double right = WIDTH - 14 - longest * CHARACTER;
        return new ChartFrame(Axis.linear(first, last, false, true, 6), up, right);
    }

    /** A line alone needs no name beside the title. */
    private boolean direct() {
        return series.size() > 1 && series.size() <= DIRECT;
    }

    private static DoubleStream values(List<ChartPoint> points) {
        return points.stream().mapToDouble(ChartPoint::y);
    }

    /** Where the curves are drawn: between the axes. */
    private record ChartFrame(Axis across, Axis up, double right) {
        double x(double value) {
            return LEFT + (right - LEFT) * across.at(value);
        }

        double y(double value) {
            return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * up.at(value);
        }

        void axes(StringBuilder out, String label) {
            for (double tick : up.ticks()) {
                double y = y(tick);
                out.append(format("<path class=\"grid\" d=\"M%d %.1fH%.1f\"/>", LEFT, y, right));
                out.append(format("<text class=\"end\" x=\"%d\" y=\"%.1f\">%s</text>", LEFT - 6, y + 4, up.tick(tick)));
            }
            for (double tick : across.ticks()) {
                out.append(format(
                        "<text class=\"middle\" x=\"%.1f\" y=\"%d\">%s</text>",
                        x(tick), HEIGHT - BOTTOM + 16, across.tick(tick)));
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
        boolean pen = false;
        List<ChartPoint> drawn = new ArrayList<>();
        for (ChartPoint p : s.points) {
            if (!frame.up.shows(p.y)) {
                pen = false;
                continue;
            }
            path.append(pen ? 'L' : 'M')
                    .append(tenths(frame.x(p.x)))
                    .append(' ')
                    .append(tenths(frame.y(p.y)));
            pen = true;
            drawn.add(p);
        }
        if (drawn.isEmpty()) return;
        String name = Html.escape(s.name);
        ChartPoint last = drawn.get(drawn.size() - 1);
        String told = name + ": " + frame.up.text(last.y) + " at " + Html.escape(x) + " " + frame.across.tick(last.x);
        // A zero-length piece with round ends makes a single point a dot.
        out.append(format(
                "<g class=\"line\" data-line=\"%d\"><path class=\"%s\" d=\"%s%s\"><title>%s</title></path>",
                i, style(i), path, drawn.size() == 1 ? "h0" : "", told));
        if (series.stream().mapToInt(one -> one.points.size()).sum() <= MOST_TOOLTIPS) {
            for (ChartPoint p : drawn) {
                out.append(format(
                        "<circle class=\"c%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"><title>%s, %s %s: %s</title></circle>",
                        i % COLORS,
                        frame.x(p.x),
                        frame.y(p.y),
                        name,
                        Html.escape(x),
                        frame.across.tick(p.x),
                        frame.up.text(p.y)));
            }
        }
        out.append("</g>");
    }

    /** Names beside the ends of the lines, moved apart where they would lie on each other. */
    private void labels(StringBuilder out, ChartFrame frame) {
        List<Integer> order = IntStream.range(0, series.size())
                .filter(i -> end(frame, i) != null)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> frame.y(end(frame, i).y)))
                .toList();
        double[] y = new double[order.size()];
        for (int i = 0; i < y.length; i++) {
            double wanted = frame.y(end(frame, order.get(i)).y);
            y[i] = i == 0 ? wanted : Math.max(wanted, y[i - 1] + LABEL_GAP);
        }
        double lowest = HEIGHT - BOTTOM;
        for (int i = y.length - 1; i >= 0; i--) {
            y[i] = Math.min(y[i], lowest);
            lowest = y[i] - LABEL_GAP;
        }
        for (int i = 0; i < y.length; i++) {
            int which = order.get(i);
            out.append(format(
                    "<text class=\"c%d\" x=\"%.1f\" y=\"%.1f\" data-line=\"%d\">%s<title>%s</title></text>",
                    which % COLORS,
                    frame.right + 6,
                    y[i] + 4,
                    which,
                    Html.escape(shortened(series.get(which).name)),
                    Html.escape(series.get(which).name)));
        }
    }

    private ChartPoint end(ChartFrame frame, int i) {
        List<ChartPoint> points = series.get(i).points;
        for (int k = points.size() - 1; k >= 0; k--) if (frame.up.shows(points.get(k).y)) return points.get(k);
        return null;
    }

    private void legend(StringBuilder out) {
        for (int i = 0; i < series.size(); i++) {
            int left = i % 2 == 0 ? LEFT : LEFT + (WIDTH - LEFT) / 2;
            int y = HEIGHT + 12 + i / 2 * LABEL_GAP;
            String name = series.get(i).name;
            out.append(format(
                    "<path class=\"%s\" d=\"M%d %dh20\"/><text x=\"%d\" y=\"%d\">%s<title>%s</title></text>",
                    style(i), left, y - 4, left + 26, y, Html.escape(shortened(name, 22)), Html.escape(name)));
        }
    }

    private static String shortened(String name) {
        return shortened(name, LONGEST_LABEL);
    }

    /** Without its middle, for names of runs mostly differ at the end. */
    private static String shortened(String name, int longest) {
        int[] points = name.codePoints().toArray();
        if (points.length <= longest) return name;
        int head = longest / 3;
        int tail = longest - head - 1;
        return new String(points, 0, head) + "…" + new String(points, points.length - tail, tail);
    }

    /** A coordinate, none below zero, with one decimal; a formatter takes seconds for the curves of a hundred runs. */
    private static String tenths(double value) {
        long tenths = Math.round(value * 10);
        return tenths / 10 + "." + tenths % 10;
    }

    private static String format(String text, Object... values) {
        return String.format(Locale.ROOT, text, values);
    }
}
