package org.vit4j.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** Parallel coordinates of a sweep as SVG: an axis for each varied key and one for the accuracy, a line for each run. */
final class ParallelCoordinates {
    private static final int WIDTH = 860;
    private static final int HEIGHT = 320;
    private static final int LEFT = 70;
    private static final int TOP = 34;
    private static final int BOTTOM = 22;
    /** Ratio of maximum to minimum from which the values of an axis are spaced by their logarithms. */
    private static final double WIDE_RATIO = 8;

    /** Position of each run on an axis, from 0 at the bottom to 1, and the labels there. */
    private record ParallelAxis(String name, List<Double> positions, List<AxisLabel> labels) {}

    private record AxisLabel(String text, double position) {}

    private ParallelCoordinates() {}

    /** @param rows runs, the best one first, with the values of {@code keys}; runs without accuracy are left out */
    static String svg(List<String> keys, List<SweepPage.SweepRow> rows) {
        List<SweepPage.SweepRow> runs =
                rows.stream().filter(row -> row.share() > 0).toList();
        if (runs.isEmpty()) return "";
        List<ParallelAxis> axes = new ArrayList<>();
        for (int i = 0; i < keys.size(); i++) {
            int column = i;
            axes.add(axis(
                    keys.get(i),
                    runs.stream().map(row -> row.values().get(column)).toList()));
        }
        axes.add(accuracy(runs));
        StringBuilder out = new StringBuilder(format(
                "<svg class=\"parallel\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"parallel coordinates\">",
                WIDTH, HEIGHT));
        int best = 0; // the first of them in the table
        List<Double> accuracy = axes.get(axes.size() - 1).positions;
        List<Integer> order = new ArrayList<>(IntStream.range(0, runs.size())
                .filter(run -> run != best)
                .boxed()
                .toList());
        order.add(best); // on top
        for (int run : order) {
            boolean isBest = run == best;
            out.append(format(
                    "<path%s style=\"stroke-opacity:%.2f\" d=\"",
                    isBest ? " class=\"best\"" : "", isBest ? 1 : 0.15 + 0.7 * accuracy.get(run)));
            for (int i = 0; i < axes.size(); i++) {
                out.append(format(
                        "%s%.1f %.1f",
                        i == 0 ? "M" : "L",
                        x(i, axes.size()),
                        y(axes.get(i).positions.get(run))));
            }
            String title = String.join(", ", runs.get(run).values()) + ", "
                    + String.join(", ", runs.get(run).results());
            out.append("\"><title>").append(Html.escape(title)).append("</title></path>");
        }
        for (int i = 0; i < axes.size(); i++) draw(out, axes.get(i), x(i, axes.size()));
        return out.append("</svg>\n").toString();
    }

    private static void draw(StringBuilder out, ParallelAxis axis, double x) {
        out.append(format("<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>", x, x, y(0), y(1)));
        out.append(format(
                "<text x=\"%.1f\" y=\"16\" text-anchor=\"middle\">%s</text>", x, Html.escape(shortName(axis.name))));
        for (AxisLabel label : axis.labels) {
            out.append(format(
                    "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>",
                    x - 5, y(label.position) - 5, Html.escape(label.text)));
        }
    }

    private static String shortName(String path) {
        return path.substring(path.lastIndexOf('.') + 1);
    }

    /** Axis of values: numbers by size, or by their logarithms if they span a wide range; other values evenly. */
    private static ParallelAxis axis(String name, List<String> values) {
        List<String> distinct = values.stream().distinct().toList();
        List<Double> numbers = numbers(distinct);
        List<Double> places = new ArrayList<>();
        if (numbers.isEmpty()) {
            List<String> sorted = distinct.stream().sorted().toList();
            for (String value : distinct) {
                places.add(distinct.size() == 1 ? 0.5 : sorted.indexOf(value) / (distinct.size() - 1.0));
            }
        } else {
            double low = numbers.stream().mapToDouble(v -> v).min().orElseThrow();
            double high = numbers.stream().mapToDouble(v -> v).max().orElseThrow();
            boolean log = low > 0 && high / low >= WIDE_RATIO;
            for (double value : numbers) {
                double share = log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
                places.add(high == low ? 0.5 : share);
            }
        }
        List<AxisLabel> labels = new ArrayList<>();
        for (int i = 0; i < distinct.size(); i++) labels.add(new AxisLabel(distinct.get(i), places.get(i)));
        return new ParallelAxis(
                name, values.stream().map(v -> places.get(distinct.indexOf(v))).toList(), labels);
    }

    /** Parses all values; empty if one is not a number. */
    private static List<Double> numbers(List<String> values) {
        try {
            return values.stream().map(Double::valueOf).toList();
        } catch (NumberFormatException e) {
            return List.of();
        }
    }

    private static ParallelAxis accuracy(List<SweepPage.SweepRow> runs) {
        double low = runs.stream().mapToDouble(SweepPage.SweepRow::share).min().orElseThrow();
        double high = runs.stream().mapToDouble(SweepPage.SweepRow::share).max().orElseThrow();
        List<Double> positions = runs.stream()
                .map(row -> high == low ? 0.5 : (row.share() - low) / (high - low))
                .toList();
        List<AxisLabel> labels = high == low
                ? List.of(new AxisLabel(TextFormat.percent(low), 0.5))
                : List.of(new AxisLabel(TextFormat.percent(low), 0), new AxisLabel(TextFormat.percent(high), 1));
        return new ParallelAxis("top-1", positions, labels);
    }

    private static double x(int axis, int axes) {
        return LEFT + (WIDTH - LEFT - 40.0) * axis / (axes - 1.0);
    }

    private static double y(double position) {
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * position;
    }

    private static String format(String text, Object... values) {
        return String.format(Locale.ROOT, text, values);
    }
}
