package org.vit4j.report;

import java.util.Base64;
import java.util.List;
import java.util.Locale;

/**
 * Self-contained HTML page of images, charts and tables.
 *
 * @param status line below the title
 */
public record ImagePage(String title, String status, List<PageSection> sections) {
    public ImagePage {
        sections = List.copyOf(sections);
    }

    /**
     * Section of a page.
     *
     * @param note explanation below the heading; may be empty
     */
    public record PageSection(
            String name, String note, List<PageFigure> figures, List<Chart> charts, List<PageTable> tables) {
        public PageSection {
            figures = List.copyOf(figures);
            charts = List.copyOf(charts);
            tables = List.copyOf(tables);
        }
    }

    /**
     * Image with a caption.
     *
     * @param png not copied
     * @param caption lines below the image, the first in bold
     */
    @SuppressWarnings("ArrayRecordComponent") // instances are never compared
    public record PageFigure(String alt, byte[] png, List<String> caption) {
        public PageFigure {
            caption = List.copyOf(caption);
        }
    }

    /**
     * Table of numbers; the first column holds the row names.
     *
     * @param shaded whether the cell background shows the value, from 0 to 1
     * @param rows values for each heading after the first; NaN for missing values
     */
    public record PageTable(String caption, boolean shaded, List<String> header, List<PageRow> rows) {
        public PageTable {
            header = List.copyOf(header);
            rows = List.copyOf(rows);
        }
    }

    public record PageRow(String name, List<Double> values) {
        public PageRow {
            values = List.copyOf(values);
        }
    }

    public String html() {
        StringBuilder body = new StringBuilder("<header><h1>").append(Html.escape(title));
        body.append("</h1><p class=\"status\">").append(Html.escape(status)).append("</p></header>\n<main>\n");
        for (PageSection section : sections) {
            body.append("<section><h2>").append(Html.escape(section.name)).append("</h2>\n");
            if (!section.note.isEmpty()) {
                body.append("<p class=\"note\">")
                        .append(Html.escape(section.note))
                        .append("</p>\n");
            }
            if (!section.figures.isEmpty()) {
                body.append("<ul class=\"images\">\n");
                section.figures.forEach(figure -> body.append(html(figure)));
                body.append("</ul>\n");
            }
            if (!section.charts.isEmpty()) {
                body.append("<div class=\"charts\">");
                section.charts.forEach(
                        chart -> body.append("<figure>").append(chart.svg()).append("</figure>\n"));
                body.append("</div>\n");
            }
            section.tables.forEach(table -> body.append(html(table)));
            body.append("</section>\n");
        }
        return Html.page(title + " · vit4j", body.append("</main>").toString());
    }

    private static String html(PageFigure figure) {
        StringBuilder out = new StringBuilder("<li><figure><img alt=\"").append(Html.escape(figure.alt));
        out.append("\" src=\"data:image/png;base64,")
                .append(Base64.getEncoder().encodeToString(figure.png))
                .append("\"/><figcaption>");
        for (int i = 0; i < figure.caption.size(); i++) {
            String tag = i == 0 ? "b" : "span";
            out.append("<" + tag + ">" + Html.escape(figure.caption.get(i)) + "</" + tag + ">");
        }
        return out.append("</figcaption></figure></li>\n").toString();
    }

    private static String html(PageTable table) {
        StringBuilder out = new StringBuilder("<table class=\"numbers\"><thead><tr>");
        for (String head : table.header) out.append("<th scope=\"col\">" + Html.escape(head) + "</th>");
        out.append("</tr></thead><tbody>\n");
        for (PageRow row : table.rows) {
            out.append("<tr><th scope=\"row\">" + Html.escape(row.name) + "</th>");
            for (double value : row.values) out.append(cell(value, table.shaded));
            out.append("</tr>\n");
        }
        String inner = out.append("</tbody></table>").toString();
        return "<p class=\"note\">" + Html.escape(table.caption) + "</p>\n" + Html.scrollable(table.caption, inner);
    }

    private static String cell(double value, boolean shaded) {
        if (Double.isNaN(value)) return "<td class=\"n\">–</td>";
        String style =
                shaded ? String.format(Locale.ROOT, " style=\"--a:%.2f\"", 0.55 * Math.max(0, Math.min(1, value))) : "";
        return "<td class=\"n" + (shaded ? " shade" : "") + "\"" + style + ">" + Axis.number(value, 3) + "</td>";
    }
}
