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
        series.add(new Chart.ChartSeries("smoothed loss", points(rates, smoothed)));
        series.add(new Chart.ChartSeries("loss", points(rates, clipped(losses, smoothed))));
        double low = smoothed.stream().mapToDouble(x -> x).min().orElse(0);
        double high = smoothed.stream().mapToDouble(x -> x).max().orElse(1);
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

    /** Values above the smoothed ones become gaps, as diverged losses would flatten the rest of the plot. */
    private static List<Double> clipped(List<Double> losses, List<Double> smoothed) {
        double high = smoothed.stream().mapToDouble(x -> x).max().orElse(1);
        return losses.stream()
                .map(loss -> loss > high ? Double.valueOf(Double.NaN) : loss)
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
