package org.vit4j.report;

import java.util.Base64;
import java.util.List;
import java.util.Locale;

/** HTML of images with their predictions and heat maps, one image per row, below a color key. */
final class ImageRows {
    private ImageRows() {}

    static String html(ImagePage.PageSection section) {
        if (section.rows().isEmpty()) return "";
        StringBuilder out = new StringBuilder("<dl class=\"methods\">\n");
        section.methods()
                .forEach((name, note) ->
                        out.append("<dt>" + Html.escape(name) + "</dt><dd>" + Html.escape(note) + "</dd>\n"));
        out.append("</dl>\n");
        section.key().ifPresent(key -> out.append(html(key)));
        section.rows().forEach(row -> out.append(html(row)));
        return out.toString();
    }

    private static String html(ImagePage.ColorKey key) {
        return "<div class=\"key\"><p><span>" + Html.escape(key.low()) + "</span><span class=\"scale\" role=\"img\""
                + " aria-label=\"color scale from " + Html.escape(key.low()) + " to " + Html.escape(key.high())
                + "\" style=\"background:linear-gradient(90deg," + String.join(",", key.colors()) + ")\"></span><span>"
                + Html.escape(key.high()) + "</span></p><p class=\"note\">" + Html.escape(key.note()) + "</p></div>\n";
    }

    private static String html(ImagePage.ImageRow row) {
        StringBuilder out = new StringBuilder("<article class=\"explained\"><div class=\"subject\">");
        out.append(image(row.name(), row.png()))
                .append("<div><h3>")
                .append(Html.escape(row.name()))
                .append("</h3><ol class=\"predictions\">\n");
        for (ImagePage.PredictionBar bar : row.predictions()) {
            out.append(String.format(
                    Locale.ROOT,
                    "<li class=\"bar\" style=\"--w:%.1f%%\"><span>%s</span> <b>%.2f%%</b></li>\n",
                    100 * bar.probability(),
                    Html.escape(bar.label()),
                    100 * bar.probability()));
        }
        out.append("</ol></div></div>\n<div>");
        out.append(list("images", row.figures())).append(list("images heads", row.heads()));
        return out.append("</div></article>\n").toString();
    }

    private static String list(String style, List<ImagePage.PageFigure> figures) {
        if (figures.isEmpty()) return "";
        StringBuilder out = new StringBuilder("<ul class=\"" + style + "\">\n");
        for (ImagePage.PageFigure figure : figures) {
            out.append("<li><figure>").append(image(figure.alt(), figure.png())).append("<figcaption>");
            for (int i = 0; i < figure.caption().size(); i++) {
                String tag = i == 0 ? "b" : "span";
                out.append("<" + tag + ">" + Html.escape(figure.caption().get(i)) + "</" + tag + ">");
            }
            out.append("</figcaption></figure></li>\n");
        }
        return out.append("</ul>\n").toString();
    }

    private static String image(String alt, byte[] png) {
        return "<img alt=\"" + Html.escape(alt) + "\" src=\"data:image/png;base64,"
                + Base64.getEncoder().encodeToString(png) + "\"/>";
    }
}
