package org.vit4j.plot;

import java.awt.image.BufferedImage;
import java.util.List;

/**
 * Boxes, lines and texts of a drawing, which is written as SVG or rendered as an image.
 *
 * @param width in pixels at scale 1
 * @param height in pixels at scale 1
 */
public record Drawing(String title, double width, double height, List<DrawnShape> shapes) {
    public Drawing {
        shapes = List.copyOf(shapes);
    }

    /** A box, line or text. */
    public sealed interface DrawnShape permits DrawnBox, DrawnLine, DrawnText {}

    /** Role of a box or text, which determines its appearance. */
    public enum DrawingStyle {
        STAGE,
        /** A block, or a stage inside a stage. */
        BLOCK,
        LAYER,
        ATTENTION,
        SUM,
        NAME,
        DETAIL,
        SHAPE
    }

    public record DrawnBox(double x, double y, double width, double height, DrawingStyle style) implements DrawnShape {}

    /** Polyline, optionally with an arrowhead at its end. */
    public record DrawnLine(List<DrawnPoint> points, boolean arrow) implements DrawnShape {
        public DrawnLine {
            points = List.copyOf(points);
        }
    }

    public record DrawnPoint(double x, double y) {}

    /**
     * One line of text.
     *
     * @param x center if {@code centered}, otherwise left end
     * @param y baseline
     */
    public record DrawnText(double x, double y, String text, DrawingStyle style, boolean centered)
            implements DrawnShape {}

    /** Returns a self-contained SVG file. */
    public String svg() {
        return SvgRenderer.of(this);
    }

    /** Renders the drawing with {@code scale} pixels per unit. */
    public BufferedImage image(double scale) {
        return PngRenderer.of(this, scale);
    }
}
