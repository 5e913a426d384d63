package org.vit4j.graph;

/**
 * What the elements of an axis stand for: tokens that have no place, the cells of a grid on the image row by row, tokens
 * that have no place.
 *
 * @param before class, distillation and register tokens in front; all tokens, when there are no cells
 * @param after such tokens behind
 */
public record TokenGrid(int before, GridAxis rows, GridAxis columns, int after) {
    private static final GridAxis NONE = new GridAxis(0, 0, 1);

    /**
     * Cells side by side along one axis of the image.
     *
     * @param first the middle of the first, in pixels of the network's input; pixel 0 reaches from 0 to 1
     * @param step from one middle to the next
     */
    public record GridAxis(int count, double first, double step) {
        /** The middle of a cell, in pixels. */
        public double at(int i) {
            return first + i * step;
        }

        /** The cell whose middle is nearest. */
        int nearest(double pixel) {
            return (int) Math.max(0, Math.min(count - 1, Math.round((pixel - first) / step)));
        }

        GridAxis from(int from, int to) {
            return new GridAxis(to - from, at(from), step);
        }

        /** Cells that a kernel makes of these. */
        GridAxis seenBy(int count, int kernel, int stride, int pad, int dilation) {
            double middle = dilation * (kernel - 1) / 2.0 - pad;
            return new GridAxis(count, first + step * middle, step * stride);
        }

        GridAxis resized(int count) {
            double wider = step * this.count / count;
            return new GridAxis(count, first - step / 2 + wider / 2, wider);
        }
    }

    /** Tokens without any place. */
    public static TokenGrid unplaced(int tokens) {
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

    /** Whether this is a grid and nothing else. */
    public boolean isGridOnly() {
        return hasGrid() && before == 0 && after == 0;
    }

    /** Vertical middle of the {@code cell}-th of the grid's cells, in pixels. */
    public double y(int cell) {
        return rows.at(cell / columns.count);
    }

    /** Horizontal middle. */
    public double x(int cell) {
        return columns.at(cell % columns.count);
    }

    /** The cell of the grid that is nearest to a point of the image, in pixels. */
    public int nearest(double y, double x) {
        return rows.nearest(y) * columns.count + columns.nearest(x);
    }
}
