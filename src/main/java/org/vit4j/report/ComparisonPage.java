package org.vit4j.report;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.vit4j.metrics.BestMetric;

/** Self-contained HTML page that compares runs: a table of results and their curves in shared charts. */
public final class ComparisonPage {
    /** Maximum number of runs that have a column each in the table of config differences. */
    private static final int MAX_RUN_COLUMNS = 8;

    /** Maximum number of values listed per config key if runs are grouped by value. */
    private static final int MAX_VALUES = 6;

    /** Maximum number of runs with a value that are listed by name. */
    private static final int MAX_NAMES = 2;

    /** Maximum number of rows of model keys that are not folded. */
    private static final int MAX_MODEL_ROWS = 4;

    private ComparisonPage() {}

    public static String html(RunComparison comparison) {
        String title = comparison.rows().size() + " runs";
        StringBuilder body = new StringBuilder("<header><h1>" + title + "</h1><p class=\"status\">");
        RunComparison.ComparedRun best = comparison.rows().get(comparison.bestRow());
        body.append("Best: ").append(Html.escape(best.name())).append(" with ");
        body.append(Html.escape(bestText(comparison, best))).append(".</p></header>\n<main>");
        body.append("<section><h2>Results</h2>\n").append(results(comparison));
        body.append(unfinished(comparison)).append("</section>\n");
        if (comparison.differences().size() > RunComparison.MAX_KEY_COLUMNS) {
            body.append("<section><h2>Config differences</h2>\n")
                    .append(differences(comparison))
                    .append("</section>\n");
        }
        body.append("<section><h2>Curves</h2>\n").append(curves(comparison)).append("</section>\n");
        body.append("<section><h2>Start and machine</h2>\n")
                .append(starts(comparison))
                .append("</section>\n");
        return Html.page(title + " · vit4j", body.append("</main>").toString());
    }

    private static String bestText(RunComparison comparison, RunComparison.ComparedRun best) {
        BestMetric measure = comparison.measure();
        if (measure.equals(BestMetric.ACCURACY))
            return TextFormat.percent(best.best().top1()) + " of the validation images classified correctly";
        return "a validation " + measure.name() + " of " + TextFormat.number(measure.value(best.bestMetrics()));
    }

    private static String unfinished(RunComparison comparison) {
        if (comparison.unfinished().isEmpty()) return "";
        String runs = comparison.unfinished().stream().map(Path::toString).collect(Collectors.joining(", "));
        return "<p class=\"note\">Without a finished epoch, not in the table: " + Html.escape(runs) + "</p>\n";
    }

    private static String results(RunComparison comparison) {
        List<List<String>> cells = comparison.cellsResultsFirst();
        String note = "<p class=\"note\">The line sample next to a name shows its style in the charts; the"
                + " checkbox shows or hides the run.</p>";
        StringBuilder table = new StringBuilder("<table class=\"sorts runs\"><thead><tr>");
        cells.get(0).forEach(head -> table.append(Html.sortable(head)));
        table.append("</tr></thead><tbody>\n");
        int bestRow = comparison.bestRow();
        for (int i = 0; i < comparison.rows().size(); i++) {
            RunComparison.ComparedRun row = comparison.rows().get(i);
            List<String> line = cells.get(i + 1);
            boolean best = i == bestRow;
            String name = Html.escape(row.name());
            table.append("<tr data-row=\"" + i + "\"" + (best ? " class=\"best\"" : "")
                    + "><th scope=\"row\" data-value=\"" + name
                    + "\"><label title=\"" + Html.escape(row.run().directory().toString())
                    + "\"><input type=\"checkbox\" checked=\"checked\" data-shows=\"" + i + "\"/> "
                    + Chart.legendSample(i)
                    + " " + Html.breakable(row.name())
                    + "</label></th>");
            for (int k = 1; k < line.size(); k++) {
                String value = cells.get(0).get(k).equals("time")
                        ? " data-value=\"" + row.run().seconds() + "\""
                        : "";
                table.append("<td class=\"n\"" + value + ">" + Html.escape(line.get(k)) + "</td>");
            }
            table.append("</tr>\n");
        }
        return note
                + Html.scrollable(
                        "results of each run", table.append("</tbody></table>").toString());
    }

    private static String curves(RunComparison comparison) {
        List<RunRecord> runs =
                comparison.rows().stream().map(RunComparison.ComparedRun::run).toList();
        List<CurveFigures.CurveFigure> figures = charts(comparison).stream()
                .map(chart -> new CurveFigures.CurveFigure(chart.withoutLegend(), runs))
                .toList();
        return CurveFigures.html(figures, "charts wide");
    }

    /** Returns charts of all runs by epoch: accuracy, loss, learning rate and, if recorded, gradient norm. */
    public static List<Chart> charts(RunComparison comparison) {
        List<Chart> charts = new ArrayList<>();
        charts.add(chart(comparison, "Validation top-1", "val_top1").percentages());
        if (comparison.hasEma()) {
            charts.add(chart(comparison, "Validation top-1, EMA weights", "val_ema_top1")
                    .percentages());
        }
        charts.add(chart(comparison, "Validation loss", "val_loss").logarithmicIfWide());
        charts.add(chart(comparison, "Training loss", "train_loss").logarithmicIfWide());
        charts.add(chart(comparison, "Learning rate", "lr"));
        if (comparison.rows().stream().anyMatch(row -> row.run().has("grad_norm"))) {
            charts.add(chart(comparison, "Gradient norm before clipping", "grad_norm")
                    .logarithmicIfWide());
        }
        return charts;
    }

    private static Chart chart(RunComparison comparison, String title, String key) {
        List<Chart.ChartSeries> series = comparison.rows().stream()
                .map(row -> row.run().line(row.name(), key))
                .toList();
        return Chart.of(title, "epoch", series);
    }

    private static String starts(RunComparison comparison) {
        StringBuilder out = new StringBuilder("<table class=\"starts\"><thead><tr>");
        for (String head : List.of("run", "started", "duration", "command", "host", "CPU", "commit")) {
            out.append("<th scope=\"col\">" + head + "</th>");
        }
        out.append("</tr></thead><tbody>\n");
        for (RunComparison.ComparedRun row : comparison.rows()) {
            Map<String, String> environment = row.run().environment();
            out.append("<tr><th scope=\"row\">" + Html.breakable(row.name()) + "</th>");
            out.append("<td>" + Html.escape(row.run().started().orElse("–")) + "</td>");
            out.append("<td class=\"n\">" + TextFormat.time(row.run().seconds()) + "</td>");
            for (String key : List.of("command", "host", "cpu", "commit")) {
                out.append("<td>" + Html.escape(environment.getOrDefault(key, "–")) + "</td>");
            }
            out.append("</tr>\n");
        }
        return Html.scrollable(
                "start of each run", out.append("</tbody></table>").toString());
    }

    /** Differences of training and data in the open; those of the model, which are many between architectures, folded. */
    private static String differences(RunComparison comparison) {
        Map<String, List<Optional<String>>> all = ConfigDifferences.merged(comparison.differences());
        Map<String, List<Optional<String>>> open = new LinkedHashMap<>(all);
        Map<String, List<Optional<String>>> model = new LinkedHashMap<>();
        all.forEach((path, values) -> {
            if (!path.startsWith("model.") || path.equals("model.arch")) return;
            model.put(path, open.remove(path));
        });
        if (model.size() <= MAX_MODEL_ROWS) return differences(comparison, all);
        return differences(comparison, open) + "<details><summary>" + model.size()
                + " more keys of the model</summary>\n" + differences(comparison, model) + "</details>\n";
    }

    private static String differences(RunComparison comparison, Map<String, List<Optional<String>>> differences) {
        boolean columns = comparison.rows().size() <= MAX_RUN_COLUMNS;
        StringBuilder out =
                new StringBuilder("<table class=\"differences\"><thead><tr><th scope=\"col\">config key</th>");
        if (columns) {
            comparison.rows().forEach(row -> out.append("<th scope=\"col\">" + Html.breakable(row.name()) + "</th>"));
        } else {
            out.append("<th scope=\"col\">value (runs)</th>");
        }
        out.append("</tr></thead><tbody>\n");
        differences.forEach((path, values) -> {
            out.append("<tr><th scope=\"row\">").append(Html.escape(path)).append("</th>");
            if (columns) values.forEach(value -> out.append("<td>" + Html.escape(value.orElse("–")) + "</td>"));
            else out.append("<td>").append(groups(comparison, values)).append("</td>");
            out.append("</tr>\n");
        });
        String table = out.append("</tbody></table>").toString();
        return "<div class=\"unlimited\">" + Html.scrollable("config differences", table) + "</div>";
    }

    private static String groups(RunComparison comparison, List<Optional<String>> values) {
        StringBuilder out = new StringBuilder();
        Map<String, List<String>> all = RunComparison.byValue(comparison.rows(), values);
        all.entrySet().stream().limit(MAX_VALUES).forEach(group -> {
            out.append("<b>").append(Html.escape(group.getKey())).append("</b> <span class=\"note\" title=\"");
            out.append(Html.escape(String.join(", ", group.getValue()))).append("\">(");
            int count = group.getValue().size();
            String runs = count > MAX_NAMES ? count + " runs" : String.join(", ", group.getValue());
            out.append(Html.escape(runs)).append(")</span> ");
        });
        if (all.size() > MAX_VALUES)
            out.append("and ").append(all.size() - MAX_VALUES).append(" more values");
        return out.toString();
    }
}
