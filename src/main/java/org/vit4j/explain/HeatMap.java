package org.vit4j.explain;

import java.awt.image.BufferedImage;
import org.vit4j.data.Image;
import org.vit4j.data.ImageFile;
import org.vit4j.graph.TokenGrid;

/**
 * How much each cell of a grid on the image counts.
 *
 * @param layer the tensor it was made from
 * @param grid where the cells lie, in pixels of what the network sees
 * @param values [rows][columns], at least 0
 * @param smooth whether a picture of it goes smoothly from cell to cell, as Grad-CAM is drawn, or shows the cells
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
public record HeatMap(String layer, TokenGrid grid, double[][] values, boolean smooth) {
    /** Side of a picture, about. */
    private static final int SIDE = 288;

    private static final double WEAKEST = 0.2;
    private static final double STRONGEST = 0.75;

    public double largest() {
        double largest = 0;
        for (double[] row : values) for (double value : row) largest = Math.max(largest, value);
        return largest;
    }

    /**
     * The heat over the picture, from the palest (nothing) to the brightest color (the largest value), several pixels a
     * pixel when the picture is small.
     *
     * @param view the picture as the network sees it, {@code preprocess.view(image)}
     */
    public BufferedImage over(Image view) {
        BufferedImage below = ImageFile.picture(view);
        int scale = scale(view);
        var out = new BufferedImage(view.width() * scale, view.height() * scale, BufferedImage.TYPE_INT_RGB);
        double largest = largest();
        for (int y = 0; y < out.getHeight(); y++) {
            for (int x = 0; x < out.getWidth(); x++) {
                double value = largest == 0 ? 0 : at((y + 0.5) / scale, (x + 0.5) / scale) / largest;
                int gray = gray(below.getRGB(x / scale, y / scale));
                double share = WEAKEST + (STRONGEST - WEAKEST) * value;
                out.setRGB(x, y, ColorScale.blend(gray, ColorScale.of(value), share));
            }
        }
        return out;
    }

    /** The picture without any heat, in the size of {@link #over}. */
    public static BufferedImage plain(Image view) {
        BufferedImage below = ImageFile.picture(view);
        int scale = scale(view);
        var out = new BufferedImage(view.width() * scale, view.height() * scale, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < out.getHeight(); y++) {
            for (int x = 0; x < out.getWidth(); x++) out.setRGB(x, y, below.getRGB(x / scale, y / scale));
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

    /** The value at a point of the image, in pixels. */
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

    private static double clamp(double at, int count) {
        return Math.max(0, Math.min(count - 1, at));
    }

    /** Values of a grid in one row -> [rows][columns]. */
    static double[][] rows(double[] cells, TokenGrid grid) {
        double[][] rows = new double[grid.rows().count()][grid.columns().count()];
        for (int i = 0; i < cells.length; i++) rows[i / rows[0].length][i % rows[0].length] = cells[i];
        return rows;
    }
}
