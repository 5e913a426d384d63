package org.vit4j.report;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The runs of a sweep on one small page, each linked to its own report. */
public final class SweepPage {
    private SweepPage() {}

    /**
     * A run.
     *
     * @param report where its page lies, relative to this one
     * @param share length of its bar, 0 to 1
     */
    public record SweepRow(List<String> cells, Optional<String> report, double share) {}

    public static String html(String name, List<String> header, List<SweepRow> lines) {
        StringBuilder table = new StringBuilder("<table class=\"sorts\"><thead><tr>");
        header.forEach(cell -> table.append(Html.sortable(cell)));
        table.append("<th></th><th></th></tr></thead><tbody>\n");
        lines.forEach(line -> table.append(row(line)));
        return Html.page(
                name + ": sweep",
                "<header><h1>" + Html.escape(name) + "</h1><p class=\"status\">" + lines.size()
                        + " runs, the best first: top-1 and loss on the validation set at the best epoch of each.</p></header>\n"
                        + "<main>"
                        + Html.scrolling(
                                "runs of the sweep",
                                table.append("</tbody></table>").toString()) + "</main>");
    }

    private static String row(SweepRow line) {
        StringBuilder out = new StringBuilder("<tr>");
        line.cells.forEach(cell -> out.append("<td class=\"n\">" + Html.escape(cell) + "</td>"));
        out.append(String.format(
                Locale.ROOT,
                "<td class=\"bar\" style=\"--w:%.1f%%\"></td><td>%s</td></tr>\n",
                100 * line.share,
                line.report
                        .map(file -> "<a href=\"" + Html.escape(file) + "\">report</a>")
                        .orElse("")));
        return out.toString();
    }
}
