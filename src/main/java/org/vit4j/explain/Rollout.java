package org.vit4j.explain;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.graph.Graph;
import org.vit4j.graph.HeadOp;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.Op;
import org.vit4j.graph.SpatialMap;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.TokenGrid;
import org.vit4j.graph.Window;

/**
 * Attention rollout (Abnar and Zuidema 2020, arXiv:2005.00928, section 4): the contribution of each source token to the
 * logits. Each attention block maps the contributions by (A + I) / 2, where A is the mean attention map over heads and
 * I the residual connection.
 *
 * <p>Contributions are propagated through the graph, so stages, pooling and branches are supported. All summands of an
 * addition have equal weight (the 1/2 above), windows (convolution, pooling, unfolding) average their cells, and the
 * absolute values of each map row are normalized to a sum of one. Source tokens are the tokens that enter the first
 * attention layer of their branch. Attention by random features has no map and is treated as the identity.
 */
final class Rollout {
    private final Map<String, SpatialMap> spatialMaps;
    private final Map<String, AttentionMaps> maps;
    /** Contributions to the tensors that are still needed. */
    private final Map<Tensor, TokenFlow> flows = new HashMap<>();

    /** Attention map averaged over heads, [T, S]; rows sum to 1. */
    record AttentionMaps(float[] shares, int queries, int keys) {}

    /**
     * Contributions of the source tokens to each row of a tensor.
     *
     * @param rows rows of the tensor
     * @param shares grid of source tokens -> [rows * tokens]; empty before the first attention layer
     */
    private record TokenFlow(int rows, Map<TokenGrid, float[]> shares) {
        boolean isBeforeAttention() {
            return shares.isEmpty();
        }
    }

    private Rollout(Map<String, SpatialMap> spatialMaps, Map<String, AttentionMaps> maps) {
        this.spatialMaps = spatialMaps;
        this.maps = maps;
    }

    /**
     * Computes the contributions to the logits.
     *
     * @param maps attention map of each layer, by the name of the applied tensor
     * @return grid of source tokens -> contribution of each token; the sum over all is 1
     */
    static Map<TokenGrid, float[]> of(Graph graph, Map<String, AttentionMaps> maps) {
        Rollout rollout = new Rollout(SpatialMap.of(graph), maps);
        Tensor logits = graph.outputs().get("logits");
        Map<Tensor, Integer> uses = new HashMap<>();
        for (Tensor t : graph.tensors()) for (Tensor input : t.inputs()) uses.merge(input, 1, Integer::sum);
        for (Tensor t : graph.tensors()) {
            rollout.flows.put(t, rollout.propagate(t));
            for (Tensor input : t.inputs()) {
                if (uses.merge(input, -1, Integer::sum) == 0) rollout.flows.remove(input); // frees memory
            }
        }
        return rollout.flows.get(logits).shares;
    }

    /** Averages one image's maps over heads, [1, H, T, S] -> [T, S]. */
    static AttentionMaps meanOverHeads(INDArray maps) {
        int heads = (int) maps.size(1);
        int queries = (int) maps.size(2);
        int keys = (int) maps.size(3);
        float[] all = maps.data().asFloat();
        float[] shares = new float[queries * keys];
        for (int row = 0; row < heads * queries; row++) {
            double sum = 0;
            for (int k = 0; k < keys; k++) sum += Math.abs(all[row * keys + k]);
            if (sum == 0) continue;
            for (int k = 0; k < keys; k++) {
                shares[row % queries * keys + k] += (float) (Math.abs(all[row * keys + k]) / sum / heads);
            }
        }
        return new AttentionMaps(shares, queries, keys);
    }

    /** Adds up the contributions of all grids on the finest of them; the sum is at most 1. */
    static HeatMap heatMap(Map<TokenGrid, float[]> shares) {
        TokenGrid finest = shares.keySet().stream()
                .max(java.util.Comparator.comparingInt(TokenGrid::grid))
                .orElseThrow();
        double[] cells = new double[finest.grid()];
        shares.forEach((base, values) -> {
            if (base.hasGrid()) resample(base, values, finest, cells);
        });
        return new HeatMap("rollout", finest, HeatMap.rows(cells, finest), false);
    }

    /** Distributes each cell's value evenly over the nearest cells of a finer grid and adds it to {@code cells}. */
    private static void resample(TokenGrid base, float[] values, TokenGrid finest, double[] cells) {
        int[] nearest = new int[cells.length];
        int[] count = new int[base.grid()];
        for (int i = 0; i < cells.length; i++) {
            nearest[i] = base.nearest(finest.y(i), finest.x(i));
            count[nearest[i]]++;
        }
        for (int i = 0; i < cells.length; i++) cells[i] += values[base.before() + nearest[i]] / count[nearest[i]];
        for (int j = 0; j < count.length; j++) { // cells outside the finer grid
            if (count[j] == 0) cells[finest.nearest(base.y(j), base.x(j))] += values[base.before() + j];
        }
    }

    private TokenFlow propagate(Tensor t) {
        Op op = t.op();
        if (op instanceof Op.AttentionScores || op instanceof HeadOp.PerformerFeatures)
            return new TokenFlow(rows(t), Map.of());
        if (op instanceof Op.WeightedSum) return attend(t);
        if (op instanceof HeadOp.LinearAttention) return flows.get(t.inputs().get(2)); // identity on the values
        if (t.inputs().stream().allMatch(input -> flows.get(input).isBeforeAttention()))
            return new TokenFlow(rows(t), Map.of());
        TokenFlow x = flows.get(t.input());
        if (op instanceof Op.Slice slice) return isTokenAxis(t, slice.axis()) ? slice(x, slice) : x;
        if (op instanceof Op.Concat concat) {
            return isTokenAxis(t, concat.axis()) ? concat(t) : meanOfInputs(t.inputs());
        }
        if (op instanceof Op.Add) return meanOfInputs(t.inputs());
        if (op instanceof Op.Mean m && isTokenAxis(t.input(), m.axis())) return meanOverRows(x);
        if (op instanceof HeadOp.LastTokenQkv) return lastTokenQkv(x);
        Optional<Window> window = SpatialMap.window(op);
        if (window.isPresent()) return averageWindows(t, x, window.get());
        if (op instanceof ImageOp.Pad || op instanceof ImageOp.Resize) {
            throw new IllegalStateException(t.name() + ": attention rollout does not support " + op);
        }
        return x;
    }

    /** Returns the number of rows: tokens, cells, or 1 for a vector. */
    private int rows(Tensor t) {
        return switch (t.shape().rank()) {
            case 1 -> 1;
            case 2 -> t.dim(0);
            default ->
                spatialMaps.get(t.name()).image().isPresent()
                        ? t.dim(0) * t.dim(1)
                        : t.dim(1); // [H, W, C] or [H, T, d]
        };
    }

    /** Returns true if the axis enumerates rows. Images [H, W, C] are sliced and concatenated along channels only. */
    private boolean isTokenAxis(Tensor t, int axis) {
        if (t.shape().rank() == 3) return spatialMaps.get(t.name()).tokens().containsKey(axis);
        return axis == 0 && t.shape().rank() == 2;
    }

    private TokenFlow attend(Tensor t) {
        Tensor probs = t.input();
        while (probs.op() instanceof Op.Dropout) probs = probs.input();
        AttentionMaps map = maps.get(probs.name());
        TokenFlow values = orIdentity(t.inputs().get(1));
        Map<TokenGrid, float[]> shares = new LinkedHashMap<>();
        values.shares.forEach((base, input) -> shares.put(base, product(map, input, base.tokens())));
        return new TokenFlow(map.queries, shares);
    }

    /** Matrix product, [T, S] x [S, n] -> [T, n]. */
    private static float[] product(AttentionMaps map, float[] values, int width) {
        float[] out = new float[map.queries * width];
        for (int q = 0; q < map.queries; q++) {
            for (int k = 0; k < map.keys; k++) {
                float share = map.shares[q * map.keys + k];
                if (share == 0) continue;
                for (int i = 0; i < width; i++) out[q * width + i] += share * values[k * width + i];
            }
        }
        return out;
    }

    /** Returns the flow of a tensor; before the first attention layer, the identity over its own tokens. */
    private TokenFlow orIdentity(Tensor t) {
        TokenFlow flow = flows.get(t);
        if (!flow.isBeforeAttention()) return flow;
        SpatialMap map = spatialMaps.get(t.name());
        int axis = t.shape().rank() == 3 ? 1 : 0;
        TokenGrid cells = map.image()
                .or(() -> Optional.ofNullable(map.tokens().get(axis)))
                .orElse(TokenGrid.withoutGrid(flow.rows));
        float[] identity = new float[flow.rows * flow.rows];
        for (int i = 0; i < flow.rows; i++) identity[i * flow.rows + i] = 1;
        return new TokenFlow(flow.rows, Map.of(cells, identity));
    }

    private static TokenFlow slice(TokenFlow x, Op.Slice op) {
        int rows = op.to() - op.from();
        Map<TokenGrid, float[]> shares = new LinkedHashMap<>();
        x.shares.forEach((base, values) -> {
            int width = base.tokens();
            float[] part = new float[rows * width];
            System.arraycopy(values, op.from() * width, part, 0, part.length);
            shares.put(base, part);
        });
        return new TokenFlow(rows, shares);
    }

    private TokenFlow concat(Tensor t) {
        return concat(t.inputs().stream().map(this::orIdentity).toList());
    }

    private static TokenFlow concat(List<TokenFlow> parts) {
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

    private TokenFlow meanOfInputs(List<Tensor> inputs) {
        Map<TokenGrid, float[]> shares = new LinkedHashMap<>();
        int rows = flows.get(inputs.get(0)).rows;
        for (Tensor input : inputs) {
            orIdentity(input).shares.forEach((base, values) -> {
                float[] sum = shares.computeIfAbsent(base, any -> new float[values.length]);
                for (int i = 0; i < values.length; i++) sum[i] += values[i] / inputs.size();
            });
        }
        return new TokenFlow(rows, shares);
    }

    private static TokenFlow meanOverRows(TokenFlow x) {
        Map<TokenGrid, float[]> shares = new LinkedHashMap<>();
        x.shares.forEach((base, values) -> {
            float[] sum = new float[base.tokens()];
            for (int i = 0; i < values.length; i++) sum[i % sum.length] += values[i] / x.rows;
            shares.put(base, sum);
        });
        return new TokenFlow(1, shares);
    }

    /** Rows of {@code LastTokenQkv}: the query of the last token, the keys of all tokens, the values of all tokens. */
    private static TokenFlow lastTokenQkv(TokenFlow x) {
        Map<TokenGrid, float[]> last = new LinkedHashMap<>();
        x.shares.forEach((base, values) -> {
            float[] row = new float[base.tokens()];
            System.arraycopy(values, (x.rows - 1) * row.length, row, 0, row.length);
            last.put(base, row);
        });
        return concat(List.of(new TokenFlow(1, last), x, x));
    }

    private TokenFlow averageWindows(Tensor t, TokenFlow x, Window w) {
        int height = t.input().dim(0);
        int width = t.input().dim(1);
        boolean unfolded = t.op() instanceof ImageOp.Unfold;
        int outHeight = unfolded ? w.outHeight(height) : t.dim(0);
        int outWidth = unfolded ? w.outWidth(width) : t.dim(1);
        List<int[]> windows = new ArrayList<>();
        for (int i = 0; i < outHeight * outWidth; i++)
            windows.add(window(i / outWidth, i % outWidth, height, width, w));
        Map<TokenGrid, float[]> shares = new LinkedHashMap<>();
        x.shares.forEach((base, values) -> shares.put(base, averageWindows(values, base.tokens(), windows)));
        return new TokenFlow(outHeight * outWidth, shares);
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
        return java.util.Arrays.copyOf(cells, count);
    }

    private static float[] averageWindows(float[] values, int width, List<int[]> windows) {
        float[] out = new float[windows.size() * width];
        for (int row = 0; row < windows.size(); row++) {
            int[] cells = windows.get(row);
            for (int cell : cells) {
                for (int i = 0; i < width; i++) out[row * width + i] += values[cell * width + i] / cells.length;
            }
        }
        return out;
    }
}
