package org.vit4j.plot;

import java.awt.image.BufferedImage;
import java.util.List;

/**
 * Rectangles, lines and words on a sheet, to be written as SVG or painted.
 *
 * @param width of the sheet, in units of a pixel at scale 1
 */
public record Drawing(String title, double width, double height, List<Shape> shapes) {
    public Drawing {
        shapes = List.copyOf(shapes);
    }

    /** What can be on it. */
    public sealed interface Shape permits Box, Line, Words {}

    /** What a box or words are for, and so how they look. */
    public enum Style {
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

    public record Box(double x, double y, double width, double height, Style style) implements Shape {}

    /** Straight pieces, an arrow at the end. */
    public record Line(List<Point> points, boolean arrow) implements Shape {
        public Line {
            points = List.copyOf(points);
        }
    }

    public record Point(double x, double y) {}

    /**
     * One line of text.
     *
     * @param x its middle, or its left end when it is a name of a stage or block, or a shape
     * @param y its base line
     */
    public record Words(double x, double y, String text, Style style, boolean centred) implements Shape {}

    /** As an SVG file that needs nothing else. */
    public String svg() {
        return Svg.of(this);
    }

    /** Painted, so many pixels a unit. */
    public BufferedImage image(double scale) {
        return Png.of(this, scale);
    }
}
