package org.vit4j.plot;

import java.util.Locale;
import java.util.stream.Collectors;

/** Writes a drawing as SVG. */
final class SvgRenderer {
    private static final String CSS = """
            text { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1c1f23; }
            .name { font-weight: 600; } .detail { fill: #50565d; } .shape { fill: #005a8f; font-size: 11px; }
            .middle { text-anchor: middle; }
            rect { stroke: #9aa3ad; } rect.stage { fill: #f4f6f9; } rect.block { fill: #e8edf3; }
            rect.layer { fill: #ffffff; } rect.attention { fill: #fdf0d5; stroke: #c98a00; } rect.sum { fill: #ffffff; }
            path { fill: none; stroke: #4a5563; stroke-width: 1.2; } marker path { fill: #4a5563; stroke: none; }
            """;

    private SvgRenderer() {}

    static String of(Drawing drawing) {
        StringBuilder out = new StringBuilder();
        out.append(format(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" role=\"img\""
                        + " aria-label=\"%s\">\n<style>%s</style>\n",
                drawing.width(), drawing.height(), drawing.width(), drawing.height(), escape(drawing.title()), CSS));
        out.append(
                "<marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7.5\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\""
                        + " orient=\"auto\"><path d=\"M0 0.5L8 4L0 7.5z\"/></marker>\n");
        out.append("<rect width=\"100%\" height=\"100%\" style=\"fill:#fff;stroke:none\"/>\n");
        for (Drawing.DrawnShape shape : drawing.shapes())
            out.append(element(shape)).append('\n');
        return out.append("</svg>\n").toString();
    }

    private static String element(Drawing.DrawnShape shape) {
        if (shape instanceof Drawing.DrawnBox box) {
            return format(
                    "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"%.0f\"/>",
                    cssClass(box.style()), box.x(), box.y(), box.width(), box.height(), PngRenderer.cornerRadius(box));
        }
        if (shape instanceof Drawing.DrawnLine line) {
            String points = line.points().stream()
                    .map(p -> format("%.1f %.1f", p.x(), p.y()))
                    .collect(Collectors.joining("L", "M", ""));
            return "<path d=\"" + points + "\"" + (line.arrow() ? " marker-end=\"url(#arrow)\"" : "") + "/>";
        }
        if (shape instanceof Drawing.DrawnText text) {
            return format(
                    "<text class=\"%s%s\" x=\"%.1f\" y=\"%.1f\">%s</text>",
                    cssClass(text.style()), text.centered() ? " middle" : "", text.x(), text.y(), escape(text.text()));
        }
        throw new AssertionError(shape);
    }

    private static String cssClass(Drawing.DrawingStyle style) {
        return style.name().toLowerCase(Locale.ROOT);
    }

    private static String format(String text, Object... values) {
        return String.format(Locale.ROOT, text, values);
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
