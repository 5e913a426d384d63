package org.vit4j.report;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

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
     * Section of a page: a note, and rows of images or charts and tables.
     *
     * @param note explanation below the heading; may be empty
     * @param methods explanations of the kinds of figures, by name
     * @param key color key of the figures of all rows
     */
    public record PageSection(
            String name,
            String note,
            Map<String, String> methods,
            Optional<ColorKey> key,
            List<ImageRow> rows,
            List<Chart> charts,
            List<PageTable> tables) {
        public PageSection {
            methods = Collections.unmodifiableMap(new LinkedHashMap<>(methods));
            rows = List.copyOf(rows);
            charts = List.copyOf(charts);
            tables = List.copyOf(tables);
        }

        /** Section of text. */
        public static PageSection note(String name, String note) {
            return new PageSection(name, note, Map.of(), Optional.empty(), List.of(), List.of(), List.of());
        }

        /** Section with a chart and its numbers. */
        public static PageSection tables(String name, String note, Chart chart, PageTable table) {
            return new PageSection(name, note, Map.of(), Optional.empty(), List.of(), List.of(chart), List.of(table));
        }

        /** Section with a row for each image. */
        public static PageSection rows(String name, Map<String, String> methods, ColorKey key, List<ImageRow> rows) {
            return new PageSection(name, "", methods, Optional.of(key), rows, List.of(), List.of());
        }
    }

    /**
     * Color scale of heat maps.
     *
     * @param colors evenly spaced CSS colors, lowest first
     * @param low label of the lowest color
     * @param high label of the highest color
     */
    public record ColorKey(List<String> colors, String low, String high, String note) {
        public ColorKey {
            colors = List.copyOf(colors);
        }
    }

    /** Class with its probability in [0, 1]. */
    public record PredictionBar(String label, double probability) {}

    /**
     * Image with its predictions and figures about it.
     *
     * @param png not copied
     * @param heads small figures in a row of their own
     */
    @SuppressWarnings("ArrayRecordComponent") // instances are never compared
    public record ImageRow(
            String name,
            byte[] png,
            List<PredictionBar> predictions,
            List<PageFigure> figures,
            List<PageFigure> heads) {
        public ImageRow {
            predictions = List.copyOf(predictions);
            figures = List.copyOf(figures);
            heads = List.copyOf(heads);
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
            body.append(ImageRows.html(section));
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
