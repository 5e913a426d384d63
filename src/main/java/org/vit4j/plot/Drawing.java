package org.vit4j.plot;

import java.awt.image.BufferedImage;
import java.util.List;

/**
 * Rectangles, lines and words on a sheet, to be written as SVG or painted.
 *
 * @param width of the sheet, in units of a pixel at scale 1
 */
public record Drawing(String title, double width, double height, List<DrawnShape> shapes) {
    public Drawing {
        shapes = List.copyOf(shapes);
    }

    /** What can be on it. */
    public sealed interface DrawnShape permits DrawnBox, DrawnLine, DrawnText {}

    /** What a box or words are for, and so how they look. */
    public enum DrawingStyle {
        STAGE,
        /** A stage within a stage, or a block. */
        BLOCK,
        LAYER,
        ATTENTION,
        SUM,
        NAME,
        DETAIL,
        SHAPE
    }

    public record DrawnBox(double x, double y, double width, double height, DrawingStyle style) implements DrawnShape {}

    /** Straight pieces, an arrow at the end. */
    public record DrawnLine(List<DrawnPoint> points, boolean arrow) implements DrawnShape {
        public DrawnLine {
            points = List.copyOf(points);
        }
    }

    public record DrawnPoint(double x, double y) {}

    /**
     * One line of text.
     *
     * @param x its middle, or its left end when it is a name of a stage or block, or a shape
     * @param y its base line
     */
    public record DrawnText(double x, double y, String text, DrawingStyle style, boolean centered)
            implements DrawnShape {}

    /** As an SVG file that needs nothing else. */
    public String svg() {
        return SvgRenderer.of(this);
    }

    /** Painted, so many pixels a unit. */
    public BufferedImage image(double scale) {
        return PngRenderer.of(this, scale);
    }
}
