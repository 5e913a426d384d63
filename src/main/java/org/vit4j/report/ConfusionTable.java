package org.vit4j.report;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.vit4j.io.ShortText;

/**
 * Confusion matrix as HTML: a table with numbers for up to 20 classes, a color map for up to 120. The most confused
 * pairs are always listed, and are the only output for more classes.
 */
final class ConfusionTable {
    private static final int MAX_TABLE_CLASSES = 20;
    private static final int MAX_MAP_CLASSES = 120;
    private static final int CELL_SIZE = 9;
    private static final int PAIRS = 30;
    private static final int FEW_PAIRS = 10;
    /** If a class name is longer, column headings are rotated. */
    private static final int MAX_HORIZONTAL_NAME = 3;

    private static final int MAX_NAME_LENGTH = 16;

    private ConfusionTable() {}

    static String html(EvaluationReport e) {
        int k = e.classes().size();
        String pairs = pairs(e, k <= MAX_TABLE_CLASSES ? FEW_PAIRS : PAIRS);
        if (k <= MAX_TABLE_CLASSES) return "<div class=\"columns\">" + numbers(e) + pairs + "</div>";
        return k <= MAX_MAP_CLASSES ? map(e) + pairs : pairs;
    }

    private static String numbers(EvaluationReport e) {
        int k = e.classes().size();
        Map<Integer, EvaluationReport.ConfusedPair> cells = new HashMap<>();
        for (EvaluationReport.ConfusedPair pair : e.confused()) cells.put(pair.actual() * k + pair.predicted(), pair);
        boolean rotated = e.classes().stream().anyMatch(c -> c.name().length() > MAX_HORIZONTAL_NAME);
        StringBuilder out = new StringBuilder("<table class=\"confusion" + (rotated ? " rotated" : "")
                + "\"><caption>Rows are actual classes, columns predicted"
                + " classes; shaded by the fraction of the row.</caption><thead><tr><td></td>");
        for (int c = 0; c < k; c++) {
            out.append("<th scope=\"col\"><span>").append(name(e, c)).append("</span></th>");
        }
        out.append("</tr></thead><tbody>\n");
        for (int actual = 0; actual < k; actual++) {
            out.append("<tr><th scope=\"row\">").append(name(e, actual)).append("</th>");
            for (int predicted = 0; predicted < k; predicted++) {
                out.append(cell(e, cells.get(actual * k + predicted), actual == predicted));
            }
            out.append("</tr>\n");
        }
        return Html.scrollable(
                "confusion matrix", out.append("</tbody></table>").toString());
    }

    private static String cell(EvaluationReport e, EvaluationReport.ConfusedPair pair, boolean correct) {
        if (pair == null) return "<td class=\"none\">·</td>";
        double share = e.share(pair);
        return String.format(
                Locale.ROOT,
                "<td class=\"%s%s\" style=\"--a:%.2f\" title=\"%s\">%d</td>",
                correct ? "right" : "wrong",
                share > 0.5 ? " strong" : "",
                shade(share),
                tooltip(e, pair),
                pair.count());
    }

    /** Returns the opacity of a cell; a single image among hundreds remains visible. */
    private static double shade(double share) {
        return 0.12 + 0.88 * Math.sqrt(share);
    }

    private static String tooltip(EvaluationReport e, EvaluationReport.ConfusedPair pair) {
        return String.format(
                Locale.ROOT,
                "%s predicted as %s: %d, %.1f%% of its images",
                Html.escape(e.classes().get(pair.actual()).name()),
                Html.escape(e.classes().get(pair.predicted()).name()),
                pair.count(),
                100 * e.share(pair));
    }

    private static String map(EvaluationReport e) {
        int side = e.classes().size() * CELL_SIZE;
        StringBuilder out = new StringBuilder(String.format(
                Locale.ROOT,
                "<svg class=\"map\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\""
                        + " aria-label=\"confusion matrix\"><rect class=\"background\" width=\"%d\" height=\"%d\"/>\n",
                side,
                side,
                side,
                side,
                side,
                side));
        for (EvaluationReport.ConfusedPair pair : e.confused()) {
            out.append(String.format(
                    Locale.ROOT,
                    "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill-opacity=\"%.2f\"><title>%s</title>"
                            + "</rect>",
                    pair.actual() == pair.predicted() ? "right" : "wrong",
                    pair.predicted() * CELL_SIZE,
                    pair.actual() * CELL_SIZE,
                    CELL_SIZE - 1,
                    CELL_SIZE - 1,
                    shade(e.share(pair)),
                    tooltip(e, pair)));
        }
        return "<p class=\"note\">Rows are actual classes, columns predicted classes, both in the order of the classes;"
                + " tooltips show the names.</p>"
                + "<div class=\"unlimited\">"
                + Html.scrollable("confusion matrix", out.append("</svg>").toString()) + "</div>";
    }

    private static String pairs(EvaluationReport e, int max) {
        List<EvaluationReport.ConfusedPair> all = e.mostConfused();
        if (all.isEmpty()) return "<p>All images were classified correctly.</p>";
        StringBuilder out = new StringBuilder("<table class=\"pairs\"><caption>Most often confused");
        if (all.size() > max) out.append(String.format(Locale.ROOT, ", %d of %,d pairs", max, all.size()));
        out.append(
                "</caption><thead><tr><th scope=\"col\">actual</th><th scope=\"col\">predicted</th>"
                        + "<th scope=\"col\" class=\"n\">images</th><th scope=\"col\" class=\"n\">fraction</th></tr></thead><tbody>\n");
        for (EvaluationReport.ConfusedPair pair : all.subList(0, Math.min(max, all.size()))) {
            out.append(String.format(
                    Locale.ROOT,
                    "<tr><td>%s</td><td>%s</td><td class=\"n\">%d</td><td class=\"n\">%.1f%%</td></tr>\n",
                    Html.escape(e.classes().get(pair.actual()).name()),
                    Html.escape(e.classes().get(pair.predicted()).name()),
                    pair.count(),
                    100 * e.share(pair)));
        }
        return Html.scrollable(
                "most confused pairs", out.append("</tbody></table>").toString());
    }

    private static String name(EvaluationReport e, int i) {
        String name = e.classes().get(i).name();
        boolean fits = name.length() <= MAX_NAME_LENGTH;
        return Html.escape(fits ? name : ShortText.prefix(name, MAX_NAME_LENGTH - 1) + "…");
    }
}
