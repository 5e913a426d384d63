package org.vit4j.explain;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.vit4j.graph.ArithmeticOp;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.DropOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.LayoutOp;
import org.vit4j.graph.Op;
import org.vit4j.graph.ParameterOp;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;
import org.vit4j.graph.analysis.PositionwiseVisitor;
import org.vit4j.graph.analysis.SpatialMap;
import org.vit4j.graph.analysis.TokenGrid;

/**
 * Attention rollout (Abnar and Zuidema 2020, arXiv:2005.00928, section 4): the contribution of each source token to the
 * logits. Each attention block maps the contributions by (A + I) / 2, where A is the mean attention map over heads and
 * I the residual connection.
 *
 * <p>Contributions are propagated through the graph, so stages, pooling and branches are supported. All summands of an
 * addition have equal weight (the 1/2 above), windows (convolution, pooling, unfolding) average their cells, and the
 * absolute values of each map row are normalized to a sum of one ({@link FusedHeads}). Source tokens are the tokens that enter the first
 * attention layer of their branch. Attention by random features has no map and is treated as the identity.
 */
final class Rollout implements PositionwiseVisitor<TokenFlow> {
    private final Map<String, SpatialMap> spatialMaps;
    private final Map<String, AttentionMaps> maps;
    /** Contributions to the tensors that are still needed. */
    private final Map<Tensor, TokenFlow> flows = new HashMap<>();

    /** Attention map of all heads combined, [T, S]. */
    record AttentionMaps(float[] shares, int queries, int keys) {}

    /** True if the rows of the maps do not sum to 1, so that rows are normalized after each residual connection. */
    private final boolean normalizes;

    private Rollout(Map<String, SpatialMap> spatialMaps, Map<String, AttentionMaps> maps, boolean normalizes) {
        this.spatialMaps = spatialMaps;
        this.maps = maps;
        this.normalizes = normalizes;
    }

    /**
     * Computes the contributions to the logits.
     *
     * @param maps attention map of each layer, by the name of the applied tensor
     * @param rowsSumToOne true if the rows of all maps sum to 1; otherwise (A + I) is divided by its row sums
     * @return grid of source tokens -> contribution of each token; the sum over all is 1
     */
    static Map<TokenGrid, float[]> of(Graph graph, Map<String, AttentionMaps> maps, boolean rowsSumToOne) {
        Rollout rollout = new Rollout(SpatialMap.of(graph), maps, !rowsSumToOne);
        Tensor logits = graph.logits();
        Map<Tensor, Integer> uses = new HashMap<>();
        for (Tensor t : graph.tensors()) for (Tensor input : t.inputs()) uses.merge(input, 1, Integer::sum);
        for (Tensor t : graph.tensors()) {
            rollout.flows.put(t, t.accept(rollout));
            for (Tensor input : t.inputs()) {
                if (uses.merge(input, -1, Integer::sum) == 0) rollout.flows.remove(input); // frees memory
            }
        }
        TokenFlow flow = rollout.flows.get(logits);
        return (rowsSumToOne ? flow : flow.normalized()).shares();
    }

    /** Adds up the contributions of all grids on the finest of them; the sum is at most 1. */
    static HeatMap heatMap(Map<TokenGrid, float[]> shares) {
        TokenGrid finest = shares.keySet().stream()
                .max(Comparator.comparingInt(TokenGrid::grid))
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

    /** Applies a function to the flow of the first input, unless all inputs are before the first attention layer. */
    private TokenFlow afterAttention(Tensor t, UnaryOperator<TokenFlow> function) {
        boolean before = t.inputs().stream().allMatch(input -> flows.get(input).isBeforeAttention());
        return before ? TokenFlow.beforeAttention(rows(t)) : function.apply(flows.get(t.input()));
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

    private List<TokenFlow> sources(Tensor t) {
        return t.inputs().stream().map(this::source).toList();
    }

    /** Returns the flow of a tensor; before the first attention layer, the identity over its own tokens. */
    private TokenFlow source(Tensor t) {
        TokenFlow flow = flows.get(t);
        if (!flow.isBeforeAttention()) return flow;
        SpatialMap map = spatialMaps.get(t.name());
        int axis = t.shape().rank() == 3 ? 1 : 0;
        TokenGrid cells = map.image()
                .or(() -> Optional.ofNullable(map.tokens().get(axis)))
                .orElse(TokenGrid.withoutGrid(flow.rows()));
        return TokenFlow.identity(flow.rows(), cells);
    }

    @Override
    public TokenFlow input(Tensor t, Op.Input op) {
        return TokenFlow.beforeAttention(rows(t));
    }

    @Override
    public TokenFlow learnedTokens(Tensor t, ParameterOp.LearnedTokens op) {
        return TokenFlow.beforeAttention(rows(t)); // not computed from the input
    }

    @Override
    public TokenFlow positionwise(Tensor t) {
        return afterAttention(t, x -> x);
    }

    @Override
    public TokenFlow add(Tensor t, ArithmeticOp.Add op) {
        return afterAttention(t, x -> {
            TokenFlow sum = TokenFlow.mean(sources(t));
            return normalizes ? sum.normalized() : sum;
        });
    }

    @Override
    public TokenFlow mean(Tensor t, ArithmeticOp.Mean op) {
        return afterAttention(t, x -> isTokenAxis(t.input(), op.axis()) ? x.meanOverRows() : x);
    }

    @Override
    public TokenFlow slice(Tensor t, LayoutOp.Slice op) {
        return afterAttention(t, x -> isTokenAxis(t, op.axis()) ? x.slice(op.from(), op.to()) : x);
    }

    @Override
    public TokenFlow concat(Tensor t, LayoutOp.Concat op) {
        return afterAttention(
                t, x -> isTokenAxis(t, op.axis()) ? TokenFlow.concat(sources(t)) : TokenFlow.mean(sources(t)));
    }

    @Override
    public TokenFlow reshape(Tensor t, LayoutOp.Reshape op) {
        return afterAttention(t, x -> x);
    }

    @Override
    public TokenFlow permute(Tensor t, LayoutOp.Permute op) {
        return afterAttention(t, x -> x);
    }

    @Override
    public TokenFlow splitHeads(Tensor t, LayoutOp.SplitHeads op) {
        return afterAttention(t, x -> x);
    }

    @Override
    public TokenFlow mergeHeads(Tensor t, LayoutOp.MergeHeads op) {
        return afterAttention(t, x -> x);
    }

    @Override
    public TokenFlow window(Tensor t, Window w) {
        int height = t.input().dim(0), width = t.input().dim(1);
        return afterAttention(t, x -> x.averageWindows(height, width, t.dim(0), t.dim(1), w));
    }

    @Override
    public TokenFlow unfold(Tensor t, ImageOp.Unfold op) {
        int height = t.input().dim(0), width = t.input().dim(1);
        Window w = op.window();
        return afterAttention(t, x -> x.averageWindows(height, width, w.outHeight(height), w.outWidth(width), w));
    }

    @Override
    public TokenFlow pad(Tensor t, ImageOp.Pad op) {
        return afterAttention(t, x -> unsupported(t));
    }

    @Override
    public TokenFlow resize(Tensor t, ImageOp.Resize op) {
        return afterAttention(t, x -> unsupported(t));
    }

    private static TokenFlow unsupported(Tensor t) {
        throw new IllegalStateException(t.name() + ": attention rollout does not support " + t.op());
    }

    @Override
    public TokenFlow attentionScores(Tensor t, AttentionOp.AttentionScores op) {
        return TokenFlow.beforeAttention(rows(t)); // the map is given
    }

    @Override
    public TokenFlow weightedSum(Tensor t, AttentionOp.WeightedSum op) {
        Tensor probs = t.input();
        while (probs.op() instanceof DropOp.Dropout) probs = probs.input();
        return source(t.inputs().get(1)).attended(maps.get(probs.name()));
    }

    @Override
    public TokenFlow performerFeatures(Tensor t, AttentionOp.PerformerFeatures op) {
        return TokenFlow.beforeAttention(rows(t)); // of queries or keys
    }

    @Override
    public TokenFlow linearAttention(Tensor t, AttentionOp.LinearAttention op) {
        return flows.get(t.inputs().get(2)); // identity on the values
    }

    @Override
    public TokenFlow lastTokenQkv(Tensor t, AttentionOp.LastTokenQkv op) {
        // The query of the last token, the keys of all tokens, the values of all tokens.
        return afterAttention(t, x -> TokenFlow.concat(List.of(x.slice(x.rows() - 1, x.rows()), x, x)));
    }
}
