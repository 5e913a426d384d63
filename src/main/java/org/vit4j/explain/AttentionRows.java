package org.vit4j.explain;

import org.vit4j.graph.analysis.TokenGrid;

/**
 * Attention of one layer to the cells of its keys: the row of the class token's query or, without a class token, the
 * mean over all queries.
 */
final class AttentionRows {
    private AttentionRows() {}

    /**
     * Returns the attention of each head.
     *
     * @param all attention maps of one image, [H, T, S]
     * @return [H][cells]
     */
    static double[][] perHead(float[] all, AttentionLayer layer) {
        TokenGrid keys = layer.keys();
        int queries = layer.queries().tokens();
        int rows = layer.queries().before() > 0 ? 1 : queries; // the class token is the first row
        double[][] heads = new double[layer.heads()][keys.grid()];
        for (int h = 0; h < heads.length; h++) {
            for (int q = 0; q < rows; q++) {
                int row = (h * queries + q) * keys.tokens() + keys.before();
                for (int k = 0; k < keys.grid(); k++) heads[h][k] += Math.abs(all[row + k]) / rows;
            }
        }
        return heads;
    }

    /** Combines the heads, [H][cells] -> [cells]. */
    static double[] fuse(double[][] heads, HeadFusion fusion) {
        double[] cells = new double[heads[0].length];
        double[] values = new double[heads.length];
        for (int k = 0; k < cells.length; k++) {
            for (int h = 0; h < heads.length; h++) values[h] = heads[h][k];
            cells[k] = fusion.of(values);
        }
        return cells;
    }
}
