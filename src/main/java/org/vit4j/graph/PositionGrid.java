package org.vit4j.graph;

/**
 * Layout of the rows of a position table: {@code prefix} tokens, then the cells of a grid on the image in row-major
 * order.
 *
 * @param prefix number of class, distillation and register tokens that have a position
 */
public record PositionGrid(int prefix, int height, int width) {
    public PositionGrid {
        if (prefix < 0 || height < 1 || width < 1) {
            throw new IllegalArgumentException(
                    "grid " + height + "x" + width + " with prefix " + prefix + " must have at least one cell");
        }
    }

    public int tokens() {
        return prefix + height * width;
    }

    @Override
    public String toString() {
        return height + "x" + width;
    }
}
