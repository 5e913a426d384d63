package org.vit4j.report;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What is taken for what. Up to twenty classes as a table with numbers, up to 120 as a map of colors, and for more only
 * the most confused pairs, which the others show besides: a matrix of a thousand rows tells nobody anything.
 */
final class ConfusionTable {
    private static final int WITH_NUMBERS = 20;
    private static final int AS_MAP = 120;
    private static final int CELL = 9;
    private static final int PAIRS = 30;
    private static final int FEW_PAIRS = 10;
    /** Longer names stand on end above their column. */
    private static final int UPRIGHT = 3;

    private static final int LONGEST_NAME = 16;

    private ConfusionTable() {}

    static String html(EvaluationReport e) {
        int k = e.classes().size();
        String pairs = pairs(e, k <= WITH_NUMBERS ? FEW_PAIRS : PAIRS);
        if (k <= WITH_NUMBERS) return "<div class=\"beside\">" + numbers(e) + pairs + "</div>";
        return k <= AS_MAP ? map(e) + pairs : pairs;
    }

    private static String numbers(EvaluationReport e) {
        int k = e.classes().size();
        Map<Integer, EvaluationReport.ConfusedPair> cells = new HashMap<>();
        for (EvaluationReport.ConfusedPair pair : e.confused()) cells.put(pair.actual() * k + pair.predicted(), pair);
        boolean turned = e.classes().stream().anyMatch(c -> c.name().length() > UPRIGHT);
        StringBuilder out = new StringBuilder("<table class=\"confusion" + (turned ? " turned" : "")
                + "\"><caption>Rows are what the image is, columns what"
                + " the network says; shaded by the share of the row.</caption><thead><tr><td></td>");
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
        return Html.scrolling("confusion matrix", out.append("</tbody></table>").toString());
    }

    private static String cell(EvaluationReport e, EvaluationReport.ConfusedPair pair, boolean right) {
        if (pair == null) return "<td class=\"none\">·</td>";
        double share = e.share(pair);
        return String.format(
                Locale.ROOT,
                "<td class=\"%s%s\" style=\"--a:%.2f\" title=\"%s\">%d</td>",
                right ? "right" : "wrong",
                share > 0.5 ? " strong" : "",
                shade(share),
                told(e, pair),
                pair.count());
    }

    /** A single image among hundreds must still be seen. */
    private static double shade(double share) {
        return 0.12 + 0.88 * Math.sqrt(share);
    }

    private static String told(EvaluationReport e, EvaluationReport.ConfusedPair pair) {
        return String.format(
                Locale.ROOT,
                "%s taken for %s: %d, %.1f%% of its images",
                Html.escape(e.classes().get(pair.actual()).name()),
                Html.escape(e.classes().get(pair.predicted()).name()),
                pair.count(),
                100 * e.share(pair));
    }

    private static String map(EvaluationReport e) {
        int side = e.classes().size() * CELL;
        StringBuilder out = new StringBuilder(String.format(
                Locale.ROOT,
                "<svg class=\"map\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\""
                        + " aria-label=\"confusion matrix\"><rect class=\"ground\" width=\"%d\" height=\"%d\"/>\n",
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
                    pair.predicted() * CELL,
                    pair.actual() * CELL,
                    CELL - 1,
                    CELL - 1,
                    shade(e.share(pair)),
                    told(e, pair)));
        }
        return "<p class=\"note\">Rows are what the image is, columns what the network says, both in the order of the classes;"
                + " names show when the pointer rests on a cell.</p>"
                + "<div class=\"whole\">"
                + Html.scrolling("confusion matrix", out.append("</svg>").toString()) + "</div>";
    }

    private static String pairs(EvaluationReport e, int most) {
        List<EvaluationReport.ConfusedPair> all = e.mostConfused();
        if (all.isEmpty()) return "<p>No image was taken for anything else.</p>";
        StringBuilder out = new StringBuilder("<table class=\"pairs\"><caption>Most often confused");
        if (all.size() > most) out.append(String.format(Locale.ROOT, ", %d of %,d pairs", most, all.size()));
        out.append(
                "</caption><thead><tr><th scope=\"col\">is</th><th scope=\"col\">taken for</th>"
                        + "<th scope=\"col\" class=\"n\">images</th><th scope=\"col\" class=\"n\">share</th></tr></thead><tbody>\n");
        for (EvaluationReport.ConfusedPair pair : all.subList(0, Math.min(most, all.size()))) {
            out.append(String.format(
                    Locale.ROOT,
                    "<tr><td>%s</td><td>%s</td><td class=\"n\">%d</td><td class=\"n\">%.1f%%</td></tr>\n",
                    Html.escape(e.classes().get(pair.actual()).name()),
                    Html.escape(e.classes().get(pair.predicted()).name()),
                    pair.count(),
                    100 * e.share(pair)));
        }
        return Html.scrolling(
                "most confused pairs", out.append("</tbody></table>").toString());
    }

    private static String name(EvaluationReport e, int i) {
        String name = e.classes().get(i).name();
        boolean fits = name.length() <= LONGEST_NAME;
        return Html.escape(fits ? name : name.substring(0, LONGEST_NAME - 1) + "…");
    }
}
