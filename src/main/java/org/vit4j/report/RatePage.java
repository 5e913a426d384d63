package org.vit4j.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Plot of the loss over the learning rate, as a chart or a page. */
public final class RatePage {
    private RatePage() {}

    /**
     * Draws a chart with the logarithm of the rate on the horizontal axis.
     *
     * @param rates learning rates of the points
     * @param losses of the points, not smoothed
     * @param suggested rates to mark, by name
     */
    public static Chart chart(
            List<Double> rates, List<Double> losses, List<Double> smoothed, Map<String, Double> suggested) {
        List<Chart.ChartSeries> series = new ArrayList<>();
        double low = smoothed.stream().mapToDouble(x -> x).min().orElse(0);
        double high = highest(smoothed);
        series.add(new Chart.ChartSeries("smoothed loss", points(rates, clipped(smoothed, high))));
        series.add(new Chart.ChartSeries("loss", points(rates, clipped(losses, high))));
        suggested.forEach((name, rate) -> {
            double x = Math.log10(rate);
            series.add(
                    new Chart.ChartSeries(name, List.of(new Chart.ChartPoint(x, low), new Chart.ChartPoint(x, high))));
        });
        return Chart.of("Loss by learning rate", "log10 of the learning rate", series);
    }

    private static List<Chart.ChartPoint> points(List<Double> rates, List<Double> values) {
        List<Chart.ChartPoint> points = new ArrayList<>();
        for (int i = 0; i < rates.size(); i++)
            points.add(new Chart.ChartPoint(Math.log10(rates.get(i)), values.get(i)));
        return points;
    }

    /** The top of the chart: 1.5 times the first loss, as diverged losses would flatten the rest of the plot. */
    private static double highest(List<Double> smoothed) {
        double max = smoothed.stream().mapToDouble(x -> x).max().orElse(1);
        return smoothed.isEmpty() ? max : Math.min(max, 1.5 * smoothed.get(0));
    }

    /** Larger values become gaps. */
    private static List<Double> clipped(List<Double> values, double high) {
        return values.stream()
                .map(value -> value > high ? Double.valueOf(Double.NaN) : value)
                .toList();
    }

    /** Returns a page with the chart and the suggestions. */
    public static String html(String name, Chart chart, Map<String, Double> suggested) {
        StringBuilder facts = new StringBuilder("<dl class=\"facts\">");
        suggested.forEach((key, rate) -> facts.append(String.format(
                Locale.ROOT,
                "<div><dt>%s</dt><dd>%.2e<small>learning rate</small></dd></div>",
                Html.escape(key),
                rate)));
        return Html.page(
                name + ": learning rate",
                "<header><h1>" + Html.escape(name)
                        + "</h1><p class=\"status\">Loss while the learning rate rises in every"
                        + " step.</p>" + facts + "</dl></header>\n<main><div class=\"charts\"><figure>" + chart.svg()
                        + "</figure></div></main>");
    }
}
