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
 * Attention rollout (Abnar and Zuidema 2020, arXiv:2005.00928, section 4): how much of each first token is in the
 * logits, when an attention block passes on half of each token itself and half of what it attends to, heads taken
 * together by their mean.
 *
 * <p>The shares are followed through the graph, so there may be stages, pooling and branches: every summand of an
 * addition counts the same (which is the half above), a window spreads evenly over what it sees, and a row of a map that
 * does not sum to one is brought to it by its absolute values. Tokens count from where they first attend. What random
 * features mix has no map and is taken to stay where it is.
 */
final class Rollout {
    private final Map<String, SpatialMap> places;
    private final Map<String, AttentionMaps> maps;
    private final Map<Tensor, TokenFlow> flows = new HashMap<>();

    /** The mean map over heads, [T, S], rows of shares. */
    record AttentionMaps(float[] shares, int queries, int keys) {}

    /**
     * Shares of the first tokens in each row of a tensor, by the tokens they are shares of.
     *
     * @param rows of the tensor
     * @param shares first tokens -> [rows * tokens]; empty where nothing was attended to yet
     */
    private record TokenFlow(int rows, Map<TokenGrid, float[]> shares) {
        boolean isFresh() {
            return shares.isEmpty();
        }
    }

    private Rollout(Map<String, SpatialMap> places, Map<String, AttentionMaps> maps) {
        this.places = places;
        this.maps = maps;
    }

    /**
     * Shares in the logits.
     *
     * @param maps by tensor, the weights of each mix
     * @return first tokens -> share of each; together they are 1
     */
    static Map<TokenGrid, float[]> of(Graph graph, Map<String, AttentionMaps> maps) {
        Rollout rollout = new Rollout(SpatialMap.of(graph), maps);
        Tensor logits = graph.outputs().get("logits");
        Map<Tensor, Integer> uses = new HashMap<>();
        for (Tensor t : graph.tensors()) for (Tensor input : t.inputs()) uses.merge(input, 1, Integer::sum);
        for (Tensor t : graph.tensors()) {
            rollout.flows.put(t, rollout.flow(t));
            for (Tensor input : t.inputs()) {
                if (uses.merge(input, -1, Integer::sum) == 0) rollout.flows.remove(input); // they are large
            }
        }
        return rollout.flows.get(logits).shares;
    }

    /** The mean over heads of one image's maps [1, H, T, S]. */
    static AttentionMaps mean(INDArray maps) {
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

    /** All shares that lie on the image, on the finest of their grids; together at most 1. */
    static HeatMap heat(Map<TokenGrid, float[]> shares) {
        TokenGrid finest = shares.keySet().stream()
                .max(java.util.Comparator.comparingInt(TokenGrid::grid))
                .orElseThrow();
        double[] cells = new double[finest.grid()];
        shares.forEach((base, of) -> {
            if (base.hasGrid()) lay(base, of, finest, cells);
        });
        return new HeatMap("rollout", finest, HeatMap.rows(cells, finest), false);
    }

    /** Adds what cells of one grid have to the cells of a finer one that lie within them, evenly. */
    private static void lay(TokenGrid base, float[] of, TokenGrid finest, double[] cells) {
        int[] within = new int[cells.length];
        int[] count = new int[base.grid()];
        for (int i = 0; i < cells.length; i++) {
            within[i] = base.nearest(finest.y(i), finest.x(i));
            count[within[i]]++;
        }
        for (int i = 0; i < cells.length; i++) cells[i] += of[base.before() + within[i]] / count[within[i]];
        for (int j = 0; j < count.length; j++) { // a grid that reaches farther out
            if (count[j] == 0) cells[finest.nearest(base.y(j), base.x(j))] += of[base.before() + j];
        }
    }

    private TokenFlow flow(Tensor t) {
        Op op = t.op();
        if (op instanceof Op.AttentionScores || op instanceof HeadOp.PerformerFeatures)
            return new TokenFlow(rows(t), Map.of());
        if (op instanceof Op.WeightedSum) return mix(t);
        if (op instanceof HeadOp.LinearAttention) return flows.get(t.inputs().get(2)); // of the values
        if (t.inputs().stream().allMatch(input -> flows.get(input).isFresh())) return new TokenFlow(rows(t), Map.of());
        TokenFlow x = flows.get(t.input());
        if (op instanceof Op.Slice slice) return tokenAxis(t, slice.axis()) ? slice(x, slice) : x;
        if (op instanceof Op.Concat concat) {
            return tokenAxis(t, concat.axis()) ? stack(t) : mean(t.inputs());
        }
        if (op instanceof Op.Add) return mean(t.inputs());
        if (op instanceof Op.Mean m && tokenAxis(t.input(), m.axis())) return average(x);
        if (op instanceof HeadOp.LastTokenQkv) return lastQuery(x);
        Optional<Window> window = SpatialMap.window(op);
        if (window.isPresent()) return windows(t, x, window.get());
        if (op instanceof ImageOp.Pad || op instanceof ImageOp.Resize) {
            throw new IllegalStateException(t.name() + ": a rollout cannot follow " + op);
        }
        return x;
    }

    /** Rows that a tensor has: tokens, cells, one for what is a whole image's. */
    private int rows(Tensor t) {
        return switch (t.shape().rank()) {
            case 1 -> 1;
            case 2 -> t.dim(0);
            default ->
                places.get(t.name()).image().isPresent() ? t.dim(0) * t.dim(1) : t.dim(1); // [H, W, C] or [H, T, d]
        };
    }

    /** Whether an axis counts what flows have rows for; of an image [H, W, C] only whole rows are cut or joined. */
    private boolean tokenAxis(Tensor t, int axis) {
        if (t.shape().rank() == 3) return places.get(t.name()).tokens().containsKey(axis);
        return axis == 0 && t.shape().rank() == 2;
    }

    private TokenFlow mix(Tensor t) {
        Tensor weights = t.input();
        while (weights.op() instanceof Op.Dropout) weights = weights.input();
        AttentionMaps map = maps.get(weights.name());
        TokenFlow values = grounded(t.inputs().get(1));
        Map<TokenGrid, float[]> shares = new LinkedHashMap<>();
        values.shares.forEach((base, of) -> shares.put(base, product(map, of, base.tokens())));
        return new TokenFlow(map.queries, shares);
    }

    /** [T, S] x [S, n] -> [T, n] */
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

    /** A flow with shares: what was not attended to yet consists of itself. */
    private TokenFlow grounded(Tensor t) {
        TokenFlow flow = flows.get(t);
        if (!flow.isFresh()) return flow;
        SpatialMap p = places.get(t.name());
        int axis = t.shape().rank() == 3 ? 1 : 0;
        TokenGrid cells =
                p.image().or(() -> Optional.ofNullable(p.tokens().get(axis))).orElse(TokenGrid.unplaced(flow.rows));
        float[] own = new float[flow.rows * flow.rows];
        for (int i = 0; i < flow.rows; i++) own[i * flow.rows + i] = 1;
        return new TokenFlow(flow.rows, Map.of(cells, own));
    }

    private static TokenFlow slice(TokenFlow x, Op.Slice op) {
        int rows = op.to() - op.from();
        Map<TokenGrid, float[]> shares = new LinkedHashMap<>();
        x.shares.forEach((base, of) -> {
            int width = base.tokens();
            float[] part = new float[rows * width];
            System.arraycopy(of, op.from() * width, part, 0, part.length);
            shares.put(base, part);
        });
        return new TokenFlow(rows, shares);
    }

    private TokenFlow stack(Tensor t) {
        List<TokenFlow> parts = t.inputs().stream().map(this::grounded).toList();
        return stacked(parts);
    }

    private static TokenFlow stacked(List<TokenFlow> parts) {
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

    private TokenFlow mean(List<Tensor> summands) {
        Map<TokenGrid, float[]> shares = new LinkedHashMap<>();
        int rows = flows.get(summands.get(0)).rows;
        for (Tensor summand : summands) {
            grounded(summand).shares.forEach((base, of) -> {
                float[] sum = shares.computeIfAbsent(base, any -> new float[of.length]);
                for (int i = 0; i < of.length; i++) sum[i] += of[i] / summands.size();
            });
        }
        return new TokenFlow(rows, shares);
    }

    private static TokenFlow average(TokenFlow x) {
        Map<TokenGrid, float[]> shares = new LinkedHashMap<>();
        x.shares.forEach((base, of) -> {
            float[] sum = new float[base.tokens()];
            for (int i = 0; i < of.length; i++) sum[i % sum.length] += of[i] / x.rows;
            shares.put(base, sum);
        });
        return new TokenFlow(1, shares);
    }

    /** The query of the last token, the keys of all, the values of all. */
    private static TokenFlow lastQuery(TokenFlow x) {
        Map<TokenGrid, float[]> last = new LinkedHashMap<>();
        x.shares.forEach((base, of) -> {
            float[] row = new float[base.tokens()];
            System.arraycopy(of, (x.rows - 1) * row.length, row, 0, row.length);
            last.put(base, row);
        });
        return stacked(List.of(new TokenFlow(1, last), x, x));
    }

    private TokenFlow windows(Tensor t, TokenFlow x, Window w) {
        int height = t.input().dim(0);
        int width = t.input().dim(1);
        boolean unfolded = t.op() instanceof ImageOp.Unfold;
        int down = unfolded ? w.outHeight(height) : t.dim(0);
        int along = unfolded ? w.outWidth(width) : t.dim(1);
        List<int[]> seen = new ArrayList<>();
        for (int i = 0; i < down * along; i++) seen.add(window(i / along, i % along, height, width, w));
        Map<TokenGrid, float[]> shares = new LinkedHashMap<>();
        x.shares.forEach((base, of) -> shares.put(base, spread(of, base.tokens(), seen)));
        return new TokenFlow(down * along, shares);
    }

    /** The cells within the image that a window sees. */
    private static int[] window(int row, int column, int height, int width, Window w) {
        int[] cells = new int[w.kernelHeight() * w.kernelWidth()];
        int found = 0;
        for (int ky = 0; ky < w.kernelHeight(); ky++) {
            for (int kx = 0; kx < w.kernelWidth(); kx++) {
                int y = row * w.strideHeight() - w.padHeight() + ky * w.dilation();
                int x = column * w.strideWidth() - w.padWidth() + kx * w.dilation();
                if (y >= 0 && y < height && x >= 0 && x < width) cells[found++] = y * width + x;
            }
        }
        return java.util.Arrays.copyOf(cells, found);
    }

    private static float[] spread(float[] of, int width, List<int[]> seen) {
        float[] out = new float[seen.size() * width];
        for (int row = 0; row < seen.size(); row++) {
            int[] cells = seen.get(row);
            for (int cell : cells) {
                for (int i = 0; i < width; i++) out[row * width + i] += of[cell * width + i] / cells.length;
            }
        }
        return out;
    }
}
