package org.vit4j.plot;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Path2D;
import java.awt.geom.RoundRectangle2D;
import java.awt.image.BufferedImage;
import java.util.List;

/** Renders a drawing with Java2D, in the colors of {@link SvgRenderer}. */
final class PngRenderer {
    private static final Color INK = new Color(0x1C1F23);
    private static final Color SOFT = new Color(0x50565D);
    private static final Color LINE = new Color(0x4A5563);
    private static final Color EDGE = new Color(0x9AA3AD);

    private PngRenderer() {}

    static double cornerRadius(Drawing.DrawnBox box) {
        return switch (box.style()) {
            case SUM -> box.height() / 2;
            case STAGE, BLOCK -> 9;
            case LAYER, ATTENTION, NAME, DETAIL, SHAPE -> 5;
        };
    }

    static BufferedImage of(Drawing drawing, double scale) {
        int width = (int) Math.ceil(drawing.width() * scale);
        int height = (int) Math.ceil(drawing.height() * scale);
        var image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = image.createGraphics();
        try {
            g.setColor(Color.WHITE);
            g.fillRect(0, 0, width, height);
            g.scale(scale, scale);
            g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
            g.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
            g.setRenderingHint(RenderingHints.KEY_FRACTIONALMETRICS, RenderingHints.VALUE_FRACTIONALMETRICS_ON);
            g.setStroke(new BasicStroke(1.2f));
            drawing.shapes().forEach(shape -> draw(g, shape));
        } finally {
            g.dispose();
        }
        return image;
    }

    private static void draw(Graphics2D g, Drawing.DrawnShape shape) {
        if (shape instanceof Drawing.DrawnBox box) box(g, box);
        else if (shape instanceof Drawing.DrawnLine line) line(g, line);
        else if (shape instanceof Drawing.DrawnText text) text(g, text);
        else throw new AssertionError(shape);
    }

    private static void box(Graphics2D g, Drawing.DrawnBox box) {
        double arc = 2 * cornerRadius(box);
        var form = new RoundRectangle2D.Double(box.x(), box.y(), box.width(), box.height(), arc, arc);
        g.setColor(
                switch (box.style()) {
                    case STAGE -> new Color(0xF4F6F9);
                    case BLOCK -> new Color(0xE8EDF3);
                    case ATTENTION -> new Color(0xFDF0D5);
                    case LAYER, SUM, NAME, DETAIL, SHAPE -> Color.WHITE;
                });
        g.fill(form);
        g.setColor(box.style() == Drawing.DrawingStyle.ATTENTION ? new Color(0xC98A00) : EDGE);
        g.draw(form);
    }

    private static void line(Graphics2D g, Drawing.DrawnLine line) {
        g.setColor(LINE);
        var path = new Path2D.Double();
        List<Drawing.DrawnPoint> points = line.points();
        path.moveTo(points.get(0).x(), points.get(0).y());
        points.subList(1, points.size()).forEach(p -> path.lineTo(p.x(), p.y()));
        g.draw(path);
        if (!line.arrow()) return;
        Drawing.DrawnPoint end = points.get(points.size() - 1); // all arrows point down
        var head = new Path2D.Double();
        head.moveTo(end.x(), end.y());
        head.lineTo(end.x() - 3.6, end.y() - 7.5);
        head.lineTo(end.x() + 3.6, end.y() - 7.5);
        head.closePath();
        g.fill(head);
    }

    private static void text(Graphics2D g, Drawing.DrawnText text) {
        boolean name = text.style() == Drawing.DrawingStyle.NAME;
        boolean shape = text.style() == Drawing.DrawingStyle.SHAPE;
        g.setFont(new Font(Font.SANS_SERIF, name ? Font.BOLD : Font.PLAIN, shape ? 10 : 11));
        g.setColor(name ? INK : shape ? new Color(0x005A8F) : SOFT);
        double offset = text.centered()
                ? g.getFontMetrics().getStringBounds(text.text(), g).getWidth() / 2
                : 0;
        g.drawString(text.text(), (float) (text.x() - offset), (float) text.y());
    }
}
