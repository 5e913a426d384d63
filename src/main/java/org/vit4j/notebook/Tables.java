package org.vit4j.notebook;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.vit4j.report.Html;

/** HTML tables with inline styles; notebooks remove style sheets. */
final class Tables {
    private static final String TABLE = "border-collapse:collapse;font:13px/1.5 system-ui,sans-serif";
    private static final String CELL = "padding:3px 10px;border-bottom:1px solid #8884;text-align:";

    private Tables() {}

    static Figure table(List<String> header, List<List<String>> rows) {
        List<List<String>> all = new ArrayList<>(List.of(header));
        all.addAll(rows);
        String text = all.stream().map(row -> String.join("\t", row)).collect(Collectors.joining("\n"));
        return table(header, rows, text);
    }

    /** Creates a table with a separate plain-text version. */
    static Figure table(List<String> header, List<List<String>> rows, String text) {
        StringBuilder out =
                new StringBuilder("<table style=\"" + TABLE + "\"><thead>" + row("th", header) + "</thead><tbody>\n");
        for (List<String> cells : rows) out.append(row("td", cells)).append('\n');
        return Figure.html(out.append("</tbody></table>").toString(), text);
    }

    /** Aligns the first cell to the left and numbers to the right. */
    private static String row(String tag, List<String> cells) {
        StringBuilder out = new StringBuilder("<tr>");
        for (int i = 0; i < cells.size(); i++) {
            String align = i == 0 ? "left" : "right";
            out.append("<" + tag + " style=\"" + CELL + align + "\">" + Html.escape(cells.get(i)) + "</" + tag + ">");
        }
        return out.append("</tr>").toString();
    }

    /** Shows named fractions from 0 to 1 as bars. */
    static Figure bars(List<String> names, double[] shares) {
        StringBuilder html = new StringBuilder("<table style=\"" + TABLE + "\"><tbody>\n");
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < shares.length; i++) {
            String percent = String.format(Locale.ROOT, "%.2f%%", 100 * shares[i]);
            String bar = String.format(
                    Locale.ROOT,
                    "<div style=\"width:%.0fpx;height:12px;background:#0072b2\"></div>",
                    Math.max(1, 260 * shares[i]));
            html.append("<tr><th style=\"" + CELL + "left\">" + Html.escape(names.get(i)) + "</th><td style=\"" + CELL
                    + "right\">" + percent + "</td><td style=\"" + CELL + "left\">" + bar + "</td></tr>\n");
            text.append(names.get(i)).append(' ').append(percent).append('\n');
        }
        return Figure.html(html.append("</tbody></table>").toString(), text.toString());
    }

    static BufferedImage image(byte[] png) {
        try {
            // ImageIO closes the stream. Its own stream type would cache in a temporary file.
            return ImageIO.read(new MemoryCacheImageInputStream(new ByteArrayInputStream(png)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
