package org.vit4j.graph.analysis;

/**
 * Layout of a token axis: tokens without a position on the image, then the cells of a grid in row-major order, then
 * more tokens without a position.
 *
 * @param before number of class, distillation and register tokens before the grid; all tokens if there is no grid
 * @param after number of such tokens after the grid
 */
public record TokenGrid(int before, GridAxis rows, GridAxis columns, int after) {
    private static final GridAxis NONE = new GridAxis(0, 0, 1);

    /**
     * Equidistant cells along one axis of the image.
     *
     * @param first center of the first cell in pixels of the network's input; pixel 0 covers [0, 1]
     * @param step distance between the centers of adjacent cells
     */
    public record GridAxis(int count, double first, double step) {
        /** Center of cell {@code i} in pixels. */
        public double at(int i) {
            return first + i * step;
        }

        /** Index of the cell with the nearest center. */
        int nearest(double pixel) {
            return (int) Math.max(0, Math.min(count - 1, Math.round((pixel - first) / step)));
        }

        GridAxis from(int from, int to) {
            return new GridAxis(to - from, at(from), step);
        }

        /** Output cells of a sliding kernel over these cells. */
        GridAxis convolved(int count, int kernel, int stride, int pad, int dilation) {
            double offset = dilation * (kernel - 1) / 2.0 - pad;
            return new GridAxis(count, first + step * offset, step * stride);
        }

        GridAxis resized(int count) {
            double newStep = step * this.count / count;
            return new GridAxis(count, first - step / 2 + newStep / 2, newStep);
        }
    }

    /** Tokens without positions on the image. */
    public static TokenGrid withoutGrid(int tokens) {
        return new TokenGrid(tokens, NONE, NONE, 0);
    }

    /** Number of cells of the grid. */
    public int grid() {
        return rows.count * columns.count;
    }

    /** Number of elements of the axis. */
    public int tokens() {
        return before + grid() + after;
    }

    public boolean hasGrid() {
        return grid() > 0;
    }

    /** Returns true if all tokens are cells of the grid. */
    public boolean isGridOnly() {
        return hasGrid() && before == 0 && after == 0;
    }

    /** Vertical center of a cell of the grid, in pixels. */
    public double y(int cell) {
        return rows.at(cell / columns.count);
    }

    /** Horizontal center of a cell of the grid, in pixels. */
    public double x(int cell) {
        return columns.at(cell % columns.count);
    }

    /** Index of the cell of the grid nearest to a point of the image, in pixels. */
    public int nearest(double y, double x) {
        return rows.nearest(y) * columns.count + columns.nearest(x);
    }
}
