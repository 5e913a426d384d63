package org.vit4j.graph;

/**
 * What the rows of a position table stand for: {@code prefix} tokens, then the cells of an image, row by row.
 *
 * @param prefix class, distillation and register tokens that have a position too
 */
public record PositionGrid(int prefix, int height, int width) {
    public PositionGrid {
        if (prefix < 0 || height < 1 || width < 1) {
            throw new IllegalArgumentException("a grid needs cells, got " + height + "x" + width);
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
