package org.vit4j.report;

import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.vit4j.metrics.BestEpoch;
import org.vit4j.metrics.EpochMetrics;
import org.vit4j.metrics.ScoreMetric;
import org.vit4j.metrics.Scores;

/** Self-contained HTML report of a run: curves, confusion matrix, classes, worst mistakes, environment and config. */
public final class RunReport {
    /** Maximum number of classes listed by index; more are sorted by recall, lowest first. */
    private static final int MAX_UNSORTED_CLASSES = 20;

    /** Endings of the keys of metrics that are shown as percentages. */
    private static final List<String> SHARES = List.of("top1", "top5", "_map", "_f1", "balanced_accuracy");

    private RunReport() {}

    /**
     * Returns the page.
     *
     * @param evaluation evaluation of the best model, if available
     * @param status status of the run, such as {@code finished}
     */
    public static String html(RunRecord run, Optional<EvaluationReport> evaluation, String status) {
        return html(run, evaluation, status, OptionalInt.empty());
    }

    /**
     * Returns the page of a run that may be in progress.
     *
     * @param refreshSeconds interval at which a browser loads the page again; empty for never
     */
    public static String html(
            RunRecord run, Optional<EvaluationReport> evaluation, String status, OptionalInt refreshSeconds) {
        StringBuilder body = new StringBuilder();
        Map<String, String> sections = new LinkedHashMap<>();
        sections.put("Curves", curves(run) + StepCurves.html(run.directory()));
        evaluation.ifPresent(e -> {
            boolean multiLabel = e.confused().isEmpty() && e.count() > 0;
            if (!multiLabel) sections.put("Confusion matrix", ConfusionTable.html(e));
            sections.put("Classes", classes(e));
            if (!multiLabel) sections.put("Worst mistakes", mistakes(e));
        });
        sections.put("Epochs", epochs(run));
        sections.put("Environment", environment(run));
        sections.put("Config", "<pre class=\"scroll\" tabindex=\"0\">" + Html.escape(run.yaml()) + "</pre>");
        body.append("<header><h1>").append(Html.escape(run.name())).append("</h1><p class=\"status\">");
        body.append(Html.escape(status)).append("</p>").append(facts(run)).append("<nav aria-label=\"sections\">");
        sections.keySet().forEach(name -> body.append("<a href=\"#" + id(name) + "\">" + name + "</a> "));
        body.append("</nav></header>\n<main>\n");
        sections.forEach((name, inner) ->
                body.append("<section id=\"" + id(name) + "\"><h2>" + name + "</h2>\n" + inner + "</section>\n"));
        return Html.page(run.name() + " · vit4j", body.append("</main>").toString(), refreshSeconds);
    }

    private static String id(String section) {
        return section.toLowerCase(Locale.ROOT).replace(' ', '-');
    }

    private static String facts(RunRecord run) {
        StringBuilder out = new StringBuilder("<dl class=\"facts\">");
        Optional<BestEpoch> best = run.best();
        best.ifPresent(b -> {
            fact(
                    out,
                    "best top-1",
                    TextFormat.percent(b.top1()),
                    "epoch " + b.epoch() + (b.averaged() ? ", EMA weights" : ""));
            String key = ScoreMetric.keyOf(run.bestMetric().name());
            String written = b.averaged() ? EpochMetrics.averageKey(key) : key;
            // Not by position: a file may have lost its first lines.
            Double value = run.epochs().stream()
                    .filter(epoch -> epoch.get("epoch") == b.epoch() && epoch.containsKey(written))
                    .map(epoch -> epoch.get(written))
                    .findFirst()
                    .orElse(null);
            if (value != null) fact(out, "best " + run.bestMetric().name(), cell(key, value), "validation");
            fact(out, "best loss", TextFormat.number(b.loss()), "validation");
        });
        run.last().ifPresent(last -> {
            fact(out, "last top-1", TextFormat.percent(last.get("val_top1")), "validation");
            Double ema = last.get("val_ema_top1");
            if (ema != null) fact(out, "last top-1", TextFormat.percent(ema), "EMA weights");
        });
        fact(
                out,
                "epochs",
                String.valueOf(run.epochs().size()),
                "of " + run.config().getOrDefault("train.epochs", "?"));
        if (best.isPresent()) fact(out, "time", TextFormat.time(run.seconds()), "including validation");
        run.started().ifPresent(time -> fact(out, "started", time.substring(11, 16), time.substring(0, 10) + ", UTC"));
        run.imagesPerSecond().ifPresent(rate -> fact(out, "images/s", Axis.number(rate, 4), "training, median"));
        run.parameters()
                .ifPresent(n -> fact(
                        out,
                        "parameters",
                        String.format(Locale.ROOT, "%,d", n),
                        run.config().getOrDefault("model.arch", "")));
        return out.append("</dl>").toString();
    }

    private static void fact(StringBuilder out, String name, String value, String note) {
        out.append("<div><dt>").append(Html.escape(name)).append("</dt><dd>").append(Html.escape(value));
        out.append("<small>").append(Html.escape(note)).append("</small></dd></div>");
    }

    private static String curves(RunRecord run) {
        List<CurveFigures.CurveFigure> figures = charts(run).stream()
                .map(chart -> new CurveFigures.CurveFigure(
                        chart, Collections.nCopies(chart.series().size(), run)))
                .toList();
        return CurveFigures.html(figures, "charts");
    }

    /** Returns charts by epoch: loss, accuracy, learning rate and, if recorded, gradient norm. */
    public static List<Chart> charts(RunRecord run) {
        List<Chart> charts = new ArrayList<>();
        charts.add(Chart.of("Loss", "epoch", lines(run, "loss")).logarithmicIfWide());
        charts.add(Chart.of("Top-1 accuracy", "epoch", lines(run, "top1")).percentages());
        if (run.has("val_map")) {
            List<Chart.ChartSeries> scores = new ArrayList<>(List.of(run.line("mAP", "val_map")));
            if (run.has("val_f1")) scores.add(new Chart.ChartSeries("mean F1", run.curve("val_f1")));
            charts.add(Chart.of("Mean average precision and F1, validation", "epoch", scores)
                    .percentages());
        }
        charts.add(Chart.of("Learning rate", "epoch", List.of(run.line("lr", "lr"))));
        if (run.has("grad_norm")) {
            List<Chart.ChartSeries> norm = List.of(run.line("gradient norm", "grad_norm"));
            charts.add(Chart.of("Gradient norm before clipping", "epoch", norm).logarithmicIfWide());
        }
        return charts;
    }

    /** Returns the series of training, validation and, if available, validation with EMA weights. */
    private static List<Chart.ChartSeries> lines(RunRecord run, String metric) {
        List<Chart.ChartSeries> lines = new ArrayList<>();
        lines.add(new Chart.ChartSeries("training", run.curve("train_" + metric)));
        boolean averaged = run.best().map(BestEpoch::averaged).orElse(false);
        lines.add(
                averaged
                        ? new Chart.ChartSeries("validation", run.curve("val_" + metric))
                        : run.line("validation", "val_" + metric));
        if (run.has("val_ema_" + metric)) {
            lines.add(
                    averaged
                            ? run.line("validation, EMA", "val_ema_" + metric)
                            : new Chart.ChartSeries("validation, EMA", run.curve("val_ema_" + metric)));
        }
        return lines;
    }

    private static String classes(EvaluationReport e) {
        List<Scores.ClassScore> rows = new ArrayList<>(e.classes());
        boolean many = rows.size() > MAX_UNSORTED_CLASSES;
        if (many) rows.sort(Comparator.comparingDouble(Scores.ClassScore::recall));
        String note = String.format(
                Locale.ROOT,
                "<p class=\"note\">Best model (epoch %d) on %,d validation images: top-1 %.2f%%, top-5 %.2f%%, loss %s.%s</p>",
                e.epoch(),
                e.count(),
                100 * e.top1(),
                100 * e.top5(),
                Axis.number(e.loss(), 4),
                many ? " Sorted by recall, lowest first." : "");
        StringBuilder table = new StringBuilder("<table class=\"sorts\"><thead><tr>");
        boolean ranked = rows.stream().anyMatch(c -> c.averagePrecision() != null);
        List<String> heads = new ArrayList<>(List.of("class", "images", "precision", "recall", "F1"));
        if (ranked) heads.add(2, "average precision");
        heads.forEach(head -> table.append(Html.sortable(head)));
        table.append("</tr></thead><tbody>\n");
        for (Scores.ClassScore c : rows) {
            table.append(String.format(
                    Locale.ROOT,
                    "<tr><th scope=\"row\">%s</th><td class=\"n\">%d</td>%s%s%s%s</tr>\n",
                    Html.escape(c.name()),
                    c.count(),
                    ranked ? averagePrecision(c) : "",
                    bar(c.precision()),
                    bar(c.recall()),
                    bar(c.f1())));
        }
        return note
                + Html.scrollable(
                        "scores of each class", table.append("</tbody></table>").toString());
    }

    private static String averagePrecision(Scores.ClassScore c) {
        return c.averagePrecision() == null ? "<td class=\"n\">-</td>" : bar(c.averagePrecision());
    }

    private static String bar(double share) {
        return String.format(
                Locale.ROOT,
                "<td class=\"n bar\" style=\"--w:%.1f%%\">%.2f%%</td>",
                Double.isFinite(share) ? 100 * share : 0,
                100 * share);
    }

    private static String mistakes(EvaluationReport e) {
        if (e.mistakes().isEmpty()) return "<p>All validation images were classified correctly.</p>\n";
        StringBuilder out = new StringBuilder("<p class=\"note\">Validation images with the lowest probability of the"
                + " actual class, as preprocessed for the best model.</p><ul class=\"mistakes\">\n");
        for (EvaluationReport.MistakeImage m : e.mistakes()) {
            String actual = Html.escape(e.classes().get(m.actual()).name());
            String predicted = Html.escape(e.classes().get(m.predicted()).name());
            out.append(String.format(
                    Locale.ROOT,
                    "<li><figure><img alt=\"%s, predicted as %s\" title=\"%s\" src=\"data:image/png;base64,%s\"/><figcaption>"
                            + "<span>actual <b>%s</b> <i>%.2f%%</i></span><span>predicted <b>%s</b> <i>%.2f%%</i></span>"
                            + "<small>%s</small></figcaption></figure></li>\n",
                    actual,
                    predicted,
                    Html.escape(m.name()),
                    Base64.getEncoder().encodeToString(m.png()),
                    actual,
                    100 * m.probabilityOfActual(),
                    predicted,
                    100 * m.probability(),
                    Html.escape(m.name().substring(m.name().lastIndexOf('/') + 1))));
        }
        return out.append("</ul>\n").toString();
    }

    private static String epochs(RunRecord run) {
        Set<String> keys = new LinkedHashSet<>();
        run.epochs().forEach(epoch -> keys.addAll(epoch.keySet()));
        if (keys.isEmpty()) return "<p>No epoch has finished yet.</p>\n";
        StringBuilder out = new StringBuilder("<table class=\"sorts\"><thead><tr>");
        keys.forEach(key -> out.append(Html.sortable(key.replace('_', ' '))));
        out.append("</tr></thead><tbody>\n");
        double best = run.best().map(BestEpoch::epoch).orElse(0);
        for (Map<String, Double> epoch : run.epochs()) {
            boolean marked = epoch.get("epoch") == best;
            out.append(marked ? "<tr class=\"best\" title=\"best epoch\">" : "<tr>");
            for (String key : keys) out.append("<td class=\"n\">" + cell(key, epoch.get(key)) + "</td>");
            out.append("</tr>\n");
        }
        return Html.scrollable(
                "metrics of each epoch", out.append("</tbody></table>").toString());
    }

    private static String cell(String key, Double value) {
        if (value == null) return "";
        boolean share = SHARES.stream().anyMatch(key::endsWith);
        return share ? TextFormat.percent(value) : Axis.number(value, 5);
    }

    private static String environment(RunRecord run) {
        StringBuilder out = new StringBuilder("<table><tbody>");
        run.environment()
                .forEach((key, value) -> out.append("<tr><th scope=\"row\">" + Html.escape(key.replace('_', ' '))
                        + "</th><td>" + Html.escape(value) + "</td></tr>\n"));
        return out.append("</tbody></table>\n").toString();
    }
}
