package org.vit4j.explain;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.vit4j.graph.Window;
import org.vit4j.graph.analysis.TokenGrid;

/**
 * Contributions of the source tokens to each row of a tensor.
 *
 * @param rows rows of the tensor: tokens, cells, or 1 for a vector
 * @param shares grid of source tokens -> [rows * tokens]; empty before the first attention layer
 */
record TokenFlow(int rows, Map<TokenGrid, float[]> shares) {
    /** A tensor before the first attention layer. */
    static TokenFlow beforeAttention(int rows) {
        return new TokenFlow(rows, Map.of());
    }

    /** Each row is a source token. */
    static TokenFlow identity(int rows, TokenGrid cells) {
        float[] identity = new float[rows * rows];
        for (int i = 0; i < rows; i++) identity[i * rows + i] = 1;
        return new TokenFlow(rows, Map.of(cells, identity));
    }

    boolean isBeforeAttention() {
        return shares.isEmpty();
    }

    /** Rows of the attention map times these rows, the values. */
    TokenFlow attended(Rollout.AttentionMaps map) {
        Map<TokenGrid, float[]> result = new LinkedHashMap<>();
        shares.forEach((base, values) -> result.put(base, product(map, values, base.tokens())));
        return new TokenFlow(map.queries(), result);
    }

    /** Matrix product, [T, S] x [S, n] -> [T, n]. */
    private static float[] product(Rollout.AttentionMaps map, float[] values, int width) {
        float[] out = new float[map.queries() * width];
        for (int q = 0; q < map.queries(); q++) {
            for (int k = 0; k < map.keys(); k++) {
                float share = map.shares()[q * map.keys() + k];
                if (share == 0) continue;
                for (int i = 0; i < width; i++) out[q * width + i] += share * values[k * width + i];
            }
        }
        return out;
    }

    /** Rows {@code from} (inclusive) to {@code to} (exclusive). */
    TokenFlow slice(int from, int to) {
        Map<TokenGrid, float[]> result = new LinkedHashMap<>();
        shares.forEach((base, values) ->
                result.put(base, Arrays.copyOfRange(values, from * base.tokens(), to * base.tokens())));
        return new TokenFlow(to - from, result);
    }

    static TokenFlow concat(List<TokenFlow> parts) {
        int rows = parts.stream().mapToInt(TokenFlow::rows).sum();
        Map<TokenGrid, float[]> shares = new LinkedHashMap<>();
        int from = 0;
        for (TokenFlow part : parts) {
            for (var entry : part.shares.entrySet()) {
                int width = entry.getKey().tokens();
                float[] all = shares.computeIfAbsent(entry.getKey(), base -> new float[rows * base.tokens()]);
                System.arraycopy(entry.getValue(), 0, all, from * width, part.rows * width);
            }
            from += part.rows;
        }
        return new TokenFlow(rows, shares);
    }

    /** Mean of several tensors with the same rows. */
    static TokenFlow mean(List<TokenFlow> terms) {
        Map<TokenGrid, float[]> shares = new LinkedHashMap<>();
        for (TokenFlow term : terms) {
            term.shares.forEach((base, values) -> {
                float[] sum = shares.computeIfAbsent(base, any -> new float[values.length]);
                for (int i = 0; i < values.length; i++) sum[i] += values[i] / terms.size();
            });
        }
        return new TokenFlow(terms.get(0).rows, shares);
    }

    /** Divides each row by its sum over all source tokens; rows of zeros stay. */
    TokenFlow normalized() {
        double[] sums = new double[rows];
        shares.forEach((base, values) -> {
            for (int i = 0; i < values.length; i++) sums[i / base.tokens()] += values[i];
        });
        Map<TokenGrid, float[]> result = new LinkedHashMap<>();
        shares.forEach((base, values) -> {
            float[] out = new float[values.length];
            for (int i = 0; i < out.length; i++) {
                double sum = sums[i / base.tokens()];
                out[i] = sum == 0 ? 0 : (float) (values[i] / sum);
            }
            result.put(base, out);
        });
        return new TokenFlow(rows, result);
    }

    TokenFlow meanOverRows() {
        Map<TokenGrid, float[]> result = new LinkedHashMap<>();
        shares.forEach((base, values) -> {
            float[] sum = new float[base.tokens()];
            for (int i = 0; i < values.length; i++) sum[i % sum.length] += values[i] / rows;
            result.put(base, sum);
        });
        return new TokenFlow(1, result);
    }

    /** Mean over the cells of each window on an image of height x width cells. */
    TokenFlow averageWindows(int height, int width, int outHeight, int outWidth, Window w) {
        int[][] windows = new int[outHeight * outWidth][];
        Arrays.setAll(windows, i -> window(i / outWidth, i % outWidth, height, width, w));
        Map<TokenGrid, float[]> result = new LinkedHashMap<>();
        shares.forEach((base, values) -> result.put(base, averageWindows(values, base.tokens(), windows)));
        return new TokenFlow(windows.length, result);
    }

    /** Returns the cells of a window that lie inside the image. */
    private static int[] window(int row, int column, int height, int width, Window w) {
        int[] cells = new int[w.kernelHeight() * w.kernelWidth()];
        int count = 0;
        for (int ky = 0; ky < w.kernelHeight(); ky++) {
            for (int kx = 0; kx < w.kernelWidth(); kx++) {
                int y = row * w.strideHeight() - w.padHeight() + ky * w.dilation();
                int x = column * w.strideWidth() - w.padWidth() + kx * w.dilation();
                if (y >= 0 && y < height && x >= 0 && x < width) cells[count++] = y * width + x;
            }
        }
        return Arrays.copyOf(cells, count);
    }

    private static float[] averageWindows(float[] values, int width, int[][] windows) {
        float[] out = new float[windows.length * width];
        for (int row = 0; row < windows.length; row++) {
            int[] cells = windows[row];
            for (int cell : cells) {
                for (int i = 0; i < width; i++) out[row * width + i] += values[cell * width + i] / cells.length;
            }
        }
        return out;
    }
}
