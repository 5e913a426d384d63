package org.vit4j.report;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** The runs of a sweep on one small page, each linked to its own report. */
public final class SweepPage {
    private SweepPage() {}

    /**
     * A run.
     *
     * @param report where its page lies, relative to this one
     * @param share length of its bar, 0 to 1
     */
    public record Line(List<String> cells, Optional<String> report, double share) {}

    public static String html(String name, List<String> header, List<Line> lines) {
        String head = header.stream().map(cell -> "<th>" + escape(cell)).collect(Collectors.joining());
        String rows = lines.stream().map(SweepPage::row).collect(Collectors.joining("\n"));
        return """
                <!doctype html><html lang="en"><head><meta charset="utf-8"><title>%s: sweep</title><style>
                body{font:15px/1.5 system-ui,sans-serif;max-width:1180px;margin:2em auto;padding:0 1em;color:#222}
                table{border-collapse:collapse}td,th{padding:.25em .9em;text-align:left;border-bottom:1px solid #eee}
                td.bar{min-width:180px}td.bar div{background:#27c;height:.8em;border-radius:2px}
                </style></head><body><h1>%s</h1><p>%d runs, the best first: top-1 and loss on the validation set at the
                best epoch of each.</p><table><tr>%s<th><th>
                %s
                </table></body></html>
                """.formatted(escape(name), escape(name), lines.size(), head, rows);
    }

    private static String row(Line line) {
        String cells = line.cells.stream().map(cell -> "<td>" + escape(cell)).collect(Collectors.joining());
        String bar = String.format(Locale.ROOT, "<td class='bar'><div style='width:%.1f%%'></div>", 100 * line.share);
        String link = line.report
                .map(file -> "<td><a href='" + escape(file) + "'>report</a>")
                .orElse("<td>");
        return "<tr>" + cells + bar + link;
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("'", "&#39;");
    }
}
