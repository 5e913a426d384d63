package org.vit4j.notebook;

import java.awt.image.RenderedImage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import org.vit4j.config.ConfigError;
import org.vit4j.data.image.PngEncoder;
import org.vit4j.io.AtomicFiles;
import org.vit4j.report.Chart;
import org.vit4j.report.Html;

/**
 * Displayable result of a cell: an image, a drawing or a table.
 *
 * @param mime {@code image/png}, {@code image/svg+xml} or {@code text/html}
 * @param data in the encoding of Jupyter messages: Base64 for PNG, otherwise text
 * @param text plain-text version
 */
public record Figure(String mime, String data, String text) {
    private static final String PNG = "image/png";
    private static final String SVG = "image/svg+xml";
    private static final String HTML = "text/html";

    /** Horizontal distance between two charts. */
    private static final int GAP = 16;

    /** Creates a figure from an image, which is encoded as PNG. */
    public static Figure png(RenderedImage image, String text) {
        return png(PngEncoder.encode(image), text);
    }

    /** Creates a figure from a PNG file. */
    public static Figure png(byte[] file, String text) {
        return new Figure(PNG, Base64.getEncoder().encodeToString(file), text);
    }

    /** Creates a figure from a complete SVG file. */
    public static Figure svg(String svg, String text) {
        return new Figure(SVG, svg, text);
    }

    /** Creates a figure from an HTML fragment. */
    public static Figure html(String html, String text) {
        return new Figure(HTML, html, text);
    }

    /** Creates a figure of preformatted text. */
    public static Figure text(String text) {
        String style = "margin:0;font:12px/1.45 ui-monospace,Menlo,Consolas,monospace;overflow:auto;max-height:32em";
        return html("<pre style=\"" + style + "\">" + Html.escape(text) + "</pre>", text);
    }

    /** Combines charts in a row, in light colors: SVG in a notebook cannot detect its color theme. */
    public static Figure charts(List<Chart> charts, String text) {
        List<String> drawings = new ArrayList<>();
        int height = 0;
        for (Chart chart : charts) {
            drawings.add(String.format(
                    Locale.ROOT,
                    "<svg x=\"%d\" width=\"%d\" height=\"%d\">%s</svg>",
                    drawings.size() * (Chart.WIDTH + GAP),
                    Chart.WIDTH,
                    chart.height(),
                    chart.standaloneLight()));
            height = Math.max(height, chart.height());
        }
        int width = charts.size() * (Chart.WIDTH + GAP) - GAP;
        String svg = String.format(
                Locale.ROOT,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">"
                        + "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>%s</svg>",
                width,
                height,
                width,
                height,
                width,
                height,
                String.join("\n", drawings));
        return svg(svg, text);
    }

    /** Returns an HTML fragment; SVG is embedded as an image, so that its styles do not affect the page. */
    public String html() {
        return switch (mime) {
            case PNG -> image(data);
            case SVG -> image(Base64.getEncoder().encodeToString(data.getBytes(StandardCharsets.UTF_8)));
            default -> data;
        };
    }

    private String image(String base64) {
        return "<img style=\"max-width:100%\" alt=\"" + Html.escape(text) + "\" src=\"data:" + mime + ";base64,"
                + base64 + "\"/>";
    }

    /** Returns the text that a Zeppelin paragraph prints to show the figure. */
    public String zeppelin() {
        // A line that starts with a percent sign would start another output.
        return "%html " + html().replace("\n%", "\n&#37;");
    }

    /**
     * Writes the figure: an image as PNG, a drawing as SVG, a table as an HTML fragment; any figure as an HTML fragment if the
     * name of the file ends in {@code .html}.
     *
     * @throws ConfigError if the name ends in {@code .png} or {@code .svg}, and the figure is not that
     */
    public void write(Path file) {
        String name = file.toString().toLowerCase(Locale.ROOT);
        boolean fragment = mime.equals(HTML) || name.endsWith(".html");
        String ending = fragment ? ".html" : mime.equals(PNG) ? ".png" : ".svg";
        for (String other : List.of(".png", ".svg")) {
            if (name.endsWith(other) && !other.equals(ending))
                throw new ConfigError(file + ": the figure cannot be written as " + other + "; expected " + ending);
        }
        byte[] bytes = ending.equals(".png")
                ? Base64.getDecoder().decode(data)
                : (fragment ? html() : data).getBytes(StandardCharsets.UTF_8);
        AtomicFiles.write(file, temporary -> Files.write(temporary, bytes));
    }

    /** Returns the text without the data, which keeps the output of a cell short. */
    @Override
    public String toString() {
        return text;
    }
}
