package org.vit4j.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.OptionalInt;

/** Escaping for HTML and SVG, and the template of self-contained pages. */
public final class Html {
    /** Longest part of a name that is not broken. */
    private static final int MAX_PART = 24;

    private Html() {}

    /** Escapes text for element content and quoted attributes of HTML and XML. */
    public static String escape(String text) {
        StringBuilder out = new StringBuilder(text.length() + 16);
        text.codePoints().forEach(c -> {
            switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                default -> out.appendCodePoint(allowed(c) ? c : 0xFFFD);
            }
        });
        return out.toString();
    }

    /** Escapes a name such as {@code lr=1e-3,dim=96}, which breaks after commas and not within a short part. */
    static String breakable(String name) {
        StringBuilder out = new StringBuilder();
        for (String part : name.split("(?<=,)")) {
            boolean fits = part.length() <= MAX_PART;
            out.append(fits ? "<span class=\"part\">" + escape(part) + "</span><wbr/>" : escape(part));
        }
        return out.toString();
    }

    /** Returns false for control characters, unpaired surrogates and noncharacters, which HTML and XML exclude. */
    private static boolean allowed(int c) {
        if (c < 0x20) return c == '\t' || c == '\n' || c == '\r';
        return (c < 0x7F || c > 0x9F) && (c < 0xD800 || c > 0xDFFF) && (c & 0xFFFE) != 0xFFFE;
    }

    /**
     * Returns a page with embedded styles and scripts. It is also well-formed XML.
     *
     * @param body escaped HTML
     */
    static String page(String title, String body) {
        return page(title, body, OptionalInt.empty());
    }

    /** @param refreshSeconds interval at which a browser loads the page again; empty for never */
    static String page(String title, String body, OptionalInt refreshSeconds) {
        String refresh = refreshSeconds.isPresent()
                ? "<meta http-equiv=\"refresh\" content=\"" + refreshSeconds.getAsInt() + "\"/>\n"
                : "";
        return String.format(
                Locale.ROOT,
                """
                <!DOCTYPE html>
                <html lang="en"><head><meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                %s<title>%s</title>
                <style>%s%s%s</style></head>
                <body>
                %s
                <script>//<![CDATA[
                %s
                //]]></script>
                </body></html>
                """,
                refresh,
                escape(title),
                resource("page.css"),
                resource("chart.css"),
                resource("chart-dark.css"),
                body,
                resource("page.js"));
    }

    /** Wraps a large table, image or text in a region that scrolls, also by keyboard. */
    static String scrollable(String label, String inner) {
        return "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"" + escape(label) + "\">" + inner
                + "</div>\n";
    }

    /** Returns a column heading that sorts its table when clicked. Long config keys break after dots and underscores. */
    static String sortable(String text) {
        String lines = escape(text).replaceAll("(?<=[._])(?=[a-z])", "<wbr/>");
        return "<th scope=\"col\"><button type=\"button\" class=\"sort\">" + lines + "</button></th>";
    }

    static String resource(String name) {
        try (InputStream in = Html.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
