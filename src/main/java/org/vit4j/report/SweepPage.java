package org.vit4j.report;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** HTML page that lists the runs of a sweep with links to their reports. */
public final class SweepPage {
    private SweepPage() {}

    /**
     * One run.
     *
     * @param results at its best epoch, which every screen shows
     * @param values of the varied config keys
     * @param progress further results
     * @param report path of its report, relative to this page
     * @param share length of its bar, from 0 to 1: the validation top-1
     */
    public record SweepRow(
            List<String> results, List<String> values, List<String> progress, Optional<String> report, double share) {}

    /**
     * Returns the page.
     *
     * @param header columns; the values are the varied config keys
     * @param curves validation accuracy by epoch of each run; empty curves for runs without epochs
     */
    public static String html(String name, SweepRow header, List<SweepRow> rows, List<Chart.ChartSeries> curves) {
        StringBuilder table = new StringBuilder("<table class=\"sorts sweep\"><thead><tr>");
        header.results().forEach(cell -> table.append(Html.sortable(cell)));
        header.values().forEach(key -> table.append(Html.sortable(shortName(key, header.values()))));
        header.progress().forEach(cell -> table.append(Html.sortable(cell)));
        table.append("<th scope=\"col\">of 100%</th><th></th></tr></thead><tbody>\n");
        rows.forEach(row -> table.append(html(row)));
        return Html.page(
                name + ": sweep",
                "<header><h1>" + Html.escape(name) + "</h1><p class=\"status\">" + rows.size()
                        + " runs, best first: results at the best epoch of each run.</p></header>\n"
                        + "<main>"
                        + Html.scrollable(
                                "runs of the sweep",
                                table.append("</tbody></table>").toString())
                        + charts(header.values(), rows, curves) + "</main>");
    }

    private static String charts(List<String> keys, List<SweepRow> rows, List<Chart.ChartSeries> curves) {
        List<Chart.ChartSeries> drawn =
                curves.stream().filter(curve -> !curve.points().isEmpty()).toList();
        if (drawn.isEmpty()) return "";
        Chart chart = Chart.of("Validation top-1", "epoch", drawn).percentages();
        return "<h2>Curves</h2>\n<div class=\"charts wide\"><figure>" + chart.svg() + "</figure></div>\n"
                + "<h2>Parallel coordinates</h2>\n<p class=\"note\">One line per run, from its values to its accuracy;"
                + " stronger lines are more accurate, and the best one is orange.</p>\n"
                + Html.scrollable("parallel coordinates", ParallelCoordinates.svg(keys, rows));
    }

    /** Last part of a config key, or all of it if another column has the same. */
    private static String shortName(String key, List<String> header) {
        String last = key.substring(key.lastIndexOf('.') + 1);
        long equal = header.stream()
                .filter(other -> other.substring(other.lastIndexOf('.') + 1).equals(last))
                .count();
        return equal == 1 ? last : key;
    }

    private static String html(SweepRow row) {
        StringBuilder out = new StringBuilder("<tr>");
        for (List<String> cells : List.of(row.results, row.values, row.progress))
            cells.forEach(cell -> out.append("<td class=\"n\">" + Html.escape(cell) + "</td>"));
        out.append(String.format(
                Locale.ROOT,
                "<td class=\"bar\" style=\"--w:%.1f%%\"></td><td>%s</td></tr>\n",
                100 * row.share,
                row.report
                        .map(file -> "<a href=\"" + Html.escape(file) + "\">report</a>")
                        .orElse("")));
        return out.toString();
    }
}
