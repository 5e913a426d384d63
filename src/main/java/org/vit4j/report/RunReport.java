package org.vit4j.report;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A run as one self-contained HTML page: curves as SVG, the table behind them, the resolved config. */
public final class RunReport {
    private static final int WIDTH = 560;
    private static final int HEIGHT = 260;
    private static final int LEFT = 52;
    private static final int BOTTOM = 28;

    private RunReport() {}

    /** One finished epoch, as far as the report cares. */
    public record Point(int epoch, double lr, double trainLoss, double trainTop1, double valLoss, double valTop1) {}

    private record Line(String label, String colour, ToDoubleFunction<Point> value) {}

    public static String html(String name, List<Point> epochs, String config) {
        String result = epochs.isEmpty()
                ? "no epoch finished"
                : String.format(
                        Locale.ROOT,
                        "best validation top-1 %.2f%% after %d epochs",
                        100 * epochs.stream().mapToDouble(Point::valTop1).max().orElse(0),
                        epochs.size());
        return """
                <!doctype html><html lang="en"><head><meta charset="utf-8"><title>%s</title><style>
                body{font:15px/1.5 system-ui,sans-serif;max-width:1180px;margin:2em auto;padding:0 1em;color:#222}
                svg{background:#fafafa;border:1px solid #ddd;margin:0 .5em 1em 0}text{font-size:11px;fill:#555}
                table{border-collapse:collapse}td,th{padding:.15em .8em;text-align:right;border-bottom:1px solid #eee}
                pre{background:#f6f6f6;padding:1em;overflow:auto}</style></head><body>
                <h1>%s</h1><p>%s</p>%s%s%s<details><summary>metrics</summary>%s</details>
                <details><summary>resolved config</summary><pre>%s</pre></details></body></html>
                """.formatted(
                        escape(name),
                        escape(name),
                        result,
                        chart(
                                "loss",
                                epochs,
                                List.of(
                                        new Line("training", "#c44", Point::trainLoss),
                                        new Line("validation", "#27c", Point::valLoss))),
                        chart(
                                "top-1",
                                epochs,
                                List.of(
                                        new Line("training", "#c44", Point::trainTop1),
                                        new Line("validation", "#27c", Point::valTop1))),
                        chart("learning rate", epochs, List.of(new Line("lr", "#484", Point::lr))),
                        table(epochs),
                        escape(config));
    }

    private static String chart(String title, List<Point> epochs, List<Line> lines) {
        double low = 0;
        double high = lines.stream()
                .flatMapToDouble(line -> epochs.stream().mapToDouble(line.value))
                .max()
                .orElse(1);
        double top = high > low ? high : low + 1;
        StringBuilder svg = new StringBuilder();
        svg.append(String.format("<svg width='%d' height='%d' role='img'><title>%s</title>", WIDTH, HEIGHT, title));
        for (int i = 0; i <= 4; i++) {
            double value = low + (top - low) * i / 4;
            double y = y(value, low, top);
            svg.append(String.format(
                    Locale.ROOT,
                    "<line x1='%d' x2='%d' y1='%.1f' y2='%.1f' stroke='#e4e4e4'/><text x='4' y='%.1f'>%.3g</text>",
                    LEFT,
                    WIDTH - 8,
                    y,
                    y,
                    y + 4,
                    value));
        }
        int legend = LEFT;
        for (Line line : lines) {
            String points = IntStream.range(0, epochs.size())
                    .mapToObj(i -> String.format(
                            Locale.ROOT,
                            "%.1f,%.1f",
                            x(i, epochs.size()),
                            y(line.value.applyAsDouble(epochs.get(i)), low, top)))
                    .collect(Collectors.joining(" "));
            svg.append(String.format(
                    "<polyline fill='none' stroke='%s' stroke-width='1.6' points='%s'/><text x='%d' y='14' fill='%s'>%s</text>",
                    line.colour, points, legend, line.colour, line.label));
            legend += 80;
        }
        return svg.append(String.format(
                        "<text x='%d' y='%d'>%s by epoch, 1 to %d</text></svg>",
                        LEFT, HEIGHT - 8, title, epochs.size()))
                .toString();
    }

    private static double x(int i, int count) {
        return LEFT + (WIDTH - LEFT - 8.0) * i / Math.max(1, count - 1);
    }

    private static double y(double value, double low, double top) {
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - 22) * (value - low) / (top - low);
    }

    private static String table(List<Point> epochs) {
        StringBuilder rows =
                new StringBuilder("<table><tr><th>epoch<th>lr<th>train loss<th>train top-1<th>val loss<th>val top-1");
        for (Point p : epochs) {
            rows.append(String.format(
                    Locale.ROOT,
                    "<tr><td>%d<td>%.3g<td>%.4f<td>%.4f<td>%.4f<td>%.4f",
                    p.epoch,
                    p.lr,
                    p.trainLoss,
                    p.trainTop1,
                    p.valLoss,
                    p.valTop1));
        }
        return rows.append("</table>").toString();
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
