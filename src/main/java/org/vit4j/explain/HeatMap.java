package org.vit4j.explain;

import java.awt.image.BufferedImage;
import java.util.Arrays;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.ImageFile;
import org.vit4j.graph.analysis.TokenGrid;

/**
 * Relevance of each cell of a grid on the image.
 *
 * @param layer name of the tensor that the map was computed from
 * @param grid positions of the cells, in pixels of the preprocessed image
 * @param values [rows][columns], at least 0
 * @param smooth if true, it is drawn with bilinear interpolation, as is usual for Grad-CAM; otherwise cell by cell
 */
@SuppressWarnings("ArrayRecordComponent") // instances are never compared
public record HeatMap(String layer, TokenGrid grid, double[][] values, boolean smooth) {
    /** Approximate side of a drawn image in pixels. */
    private static final int SIDE = 288;

    /**
     * Default percentile of the values at the top of the color scale. Up to 49 cells it is the maximum; of 256 cells the
     * largest five have the top color, so that a few outlier tokens do not determine the scale.
     */
    public static final double PERCENTILE = 98;

    /** Opacity of the heat at value 0. */
    private static final double MIN_OPACITY = 0.2;
    /** Opacity of the heat at the maximum. */
    private static final double MAX_OPACITY = 0.75;

    public double max() {
        double max = 0;
        for (double[] row : values) for (double value : row) max = Math.max(max, value);
        return max;
    }

    /**
     * Returns the value at the top of the color scale: a percentile by the nearest-rank method, or the maximum if that is
     * 0.
     *
     * @param percentile in (0, 100]; 100 is the maximum
     */
    public double scaleTop(double percentile) {
        if (!(percentile > 0 && percentile <= 100)) {
            throw new IllegalArgumentException("percentile " + percentile + " out of range (0, 100]");
        }
        double[] sorted =
                Arrays.stream(values).flatMapToDouble(Arrays::stream).sorted().toArray();
        double top = sorted[Math.max(0, (int) Math.ceil(percentile / 100 * sorted.length) - 1)];
        return top > 0 ? top : sorted[sorted.length - 1];
    }

    /** Draws the heat map with {@link #PERCENTILE} at the top of the color scale. */
    public BufferedImage overlay(Image view) {
        return overlay(view, scaleTop(PERCENTILE));
    }

    /**
     * Draws the heat map over the image in gray. Small images are magnified by a constant integer factor.
     *
     * @param view the preprocessed image, {@code preprocess.view(image)}
     * @param top value at the top of the color scale, which begins at 0; larger values have the same color
     */
    public BufferedImage overlay(Image view, double top) {
        BufferedImage background = ImageFile.toBufferedImage(view);
        int scale = scale(view);
        var out = new BufferedImage(view.width() * scale, view.height() * scale, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < out.getHeight(); y++) {
            for (int x = 0; x < out.getWidth(); x++) {
                double value = top == 0 ? 0 : Math.min(1, at((y + 0.5) / scale, (x + 0.5) / scale) / top);
                int gray = gray(background.getRGB(x / scale, y / scale));
                double opacity = MIN_OPACITY + (MAX_OPACITY - MIN_OPACITY) * value;
                out.setRGB(x, y, ColorScale.blend(gray, ColorScale.of(value), opacity));
            }
        }
        return out;
    }

    /** Draws the image without heat, in the size of {@link #overlay}. */
    public static BufferedImage image(Image view) {
        BufferedImage background = ImageFile.toBufferedImage(view);
        int scale = scale(view);
        var out = new BufferedImage(view.width() * scale, view.height() * scale, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < out.getHeight(); y++) {
            for (int x = 0; x < out.getWidth(); x++) out.setRGB(x, y, background.getRGB(x / scale, y / scale));
        }
        return out;
    }

    private static int scale(Image view) {
        return Math.max(1, (int) Math.round((double) SIDE / Math.max(view.height(), view.width())));
    }

    private static int gray(int rgb) {
        int luma = (299 * (rgb >> 16 & 255) + 587 * (rgb >> 8 & 255) + 114 * (rgb & 255)) / 1000;
        return luma << 16 | luma << 8 | luma;
    }

    /** Returns the value at a point of the image, in pixels. */
    double at(double y, double x) {
        double row = clamp((y - grid.rows().first()) / grid.rows().step(), values.length);
        double column = clamp((x - grid.columns().first()) / grid.columns().step(), values[0].length);
        if (!smooth) return values[(int) Math.round(row)][(int) Math.round(column)];
        int top = (int) row;
        int left = (int) column;
        int bottom = Math.min(top + 1, values.length - 1);
        int right = Math.min(left + 1, values[0].length - 1);
        double down = row - top;
        double along = column - left;
        return (1 - down) * ((1 - along) * values[top][left] + along * values[top][right])
                + down * ((1 - along) * values[bottom][left] + along * values[bottom][right]);
    }

    private static double clamp(double index, int count) {
        return Math.max(0, Math.min(count - 1, index));
    }

    /** Reshapes [rows * columns] -> [rows][columns]. */
    static double[][] rows(double[] cells, TokenGrid grid) {
        double[][] rows = new double[grid.rows().count()][grid.columns().count()];
        for (int i = 0; i < cells.length; i++) rows[i / rows[0].length][i % rows[0].length] = cells[i];
        return rows;
    }
}
