package org.vit4j.layers;

import java.util.ArrayList;
import java.util.List;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Graph;
import org.vit4j.graph.PositionGrid;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * Progressive tokenization of T2T-ViT (Yuan et al. 2021, section 3.1): soft splits into overlapping windows, with
 * attention between them.
 *
 * @param splits windows of the soft splits
 * @param lastToo true for a token module also after the last split
 * @param dim D, width of the output
 */
public record TokensToToken(List<Window> splits, TokenModule module, boolean lastToo, int dim) {
    public TokensToToken {
        splits = List.copyOf(splits);
        Checks.positive("dim", dim);
        Checks.check(!splits.isEmpty(), "soft_split", splits, "must have at least one window");
    }

    /** [H, W, C] -> [T, D] */
    public Tensor build(Graph g, Tensor grid) {
        Tensor x = grid;
        for (int i = 0; i < splits.size(); i++) {
            Window window = splits.get(i);
            x = g.unfold("soft_split" + i, grid, window); // [T, C * k * k]
            int rows = window.outHeight(grid.dim(0));
            boolean last = i == splits.size() - 1;
            if (!last || lastToo) x = module.build(g.scope("attention" + (i + 1)), x); // [T, C']
            grid = g.reshape("grid" + i, x, rows, x.dim(0) / rows, x.dim(1)); // [h, w, C']
        }
        return g.dense("project", x, dim); // [T, D]
    }

    /** Layout of the position table for an image of this size: class token and the grid after all splits. */
    public PositionGrid grid(int height, int width) {
        for (Window window : splits) {
            height = window.outHeight(height);
            width = window.outWidth(width);
        }
        return new PositionGrid(1, height, width);
    }

    /** Reads {@code soft_split: [[7, 4, 2], ...]}: kernel, stride and padding, by default half the stride. */
    public static List<Window> readSplits(Section s) {
        List<Window> windows = new ArrayList<>();
        for (List<Integer> row : s.intListsAt("soft_split", List.of(List.of(7, 4), List.of(3, 2), List.of(3, 2)))) {
            try {
                Checks.require(row.size() == 2 || row.size() == 3, "expected [kernel, stride, padding], got %s", row);
                windows.add(Window.square(row.get(0), row.get(1), row.size() == 3 ? row.get(2) : row.get(1) / 2));
            } catch (IllegalArgumentException rule) {
                s.reject("soft_split", rule.getMessage());
            }
        }
        return windows;
    }

    /** Attention between the tokens of a split. */
    public interface TokenModule {
        /** [T, C] -> [T, C'] */
        Tensor build(Graph g, Tensor x);
    }

    /** Token module with linear attention. */
    public record PerformerTokens(int dim, double drop) implements TokenModule {
        @Override
        public Tensor build(Graph g, Tensor x) {
            return new TokenPerformer(dim, dim / 2, drop).build(g, x); // [T, dim]
        }
    }

    /** Token module with softmax attention. The authors scale by the width of the input instead of the head. */
    public record SoftmaxTokens(int dim) implements TokenModule {
        @Override
        public Tensor build(Graph g, Tensor x) {
            double scale = 1 / Math.sqrt(x.dim(1));
            return new TokenTransformer(dim, 1, scale, dim, false, 0, 0, 0).build(g, x); // [T, dim]
        }
    }
}
