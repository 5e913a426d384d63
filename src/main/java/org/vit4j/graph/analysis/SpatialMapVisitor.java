package org.vit4j.graph.analysis;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.vit4j.graph.ArithmeticOp;
import org.vit4j.graph.AttentionOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.LayoutOp;
import org.vit4j.graph.Op;
import org.vit4j.graph.ParameterOp;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/** Computes the positions of each tensor from those of its inputs. */
final class SpatialMapVisitor implements PositionwiseVisitor<SpatialMap> {
    private final Map<String, SpatialMap> all = new LinkedHashMap<>();

    private SpatialMapVisitor() {}

    static Map<String, SpatialMap> maps(Graph graph) {
        SpatialMapVisitor visitor = new SpatialMapVisitor();
        for (Tensor t : graph.tensors()) visitor.all.put(t.name(), t.accept(visitor));
        return visitor.all;
    }

    private SpatialMap first(Tensor t) {
        return all.get(t.input().name());
    }

    private List<SpatialMap> inputs(Tensor t) {
        return t.inputs().stream().map(input -> all.get(input.name())).toList();
    }

    /** Applies a function to the grid of an image; without a grid, the result has none. */
    private SpatialMap onImage(Tensor t, Function<TokenGrid, SpatialMap> function) {
        return first(t).image().map(function).orElse(SpatialMap.NONE);
    }

    @Override
    public SpatialMap input(Tensor t, Op.Input op) {
        if (t.shape().rank() != 3) return SpatialMap.NONE;
        return SpatialMap.image(new TokenGrid.GridAxis(t.dim(0), 0.5, 1), new TokenGrid.GridAxis(t.dim(1), 0.5, 1));
    }

    @Override
    public SpatialMap learnedTokens(Tensor t, ParameterOp.LearnedTokens op) {
        return SpatialMap.axis(0, TokenGrid.withoutGrid(op.count()));
    }

    /** Inputs have equal layouts; some may be unknown. */
    @Override
    public SpatialMap positionwise(Tensor t) {
        List<SpatialMap> in = inputs(t);
        return in.stream()
                .filter(SpatialMap::hasGrid)
                .findFirst()
                .or(() -> in.stream().filter(x -> !x.isEmpty()).findFirst())
                .orElse(SpatialMap.NONE);
    }

    @Override
    public SpatialMap window(Tensor t, Window w) {
        return onImage(t, x -> SpatialMap.image(rows(x, w, t.dim(0)), columns(x, w, t.dim(1))));
    }

    @Override
    public SpatialMap unfold(Tensor t, ImageOp.Unfold op) {
        Window w = op.window();
        return onImage(t, x -> {
            TokenGrid.GridAxis rows = rows(x, w, w.outHeight(x.rows().count()));
            TokenGrid.GridAxis columns = columns(x, w, w.outWidth(x.columns().count()));
            return SpatialMap.axis(0, new TokenGrid(0, rows, columns, 0));
        });
    }

    private static TokenGrid.GridAxis rows(TokenGrid x, Window w, int count) {
        return x.rows().convolved(count, w.kernelHeight(), w.strideHeight(), w.padHeight(), w.dilation());
    }

    private static TokenGrid.GridAxis columns(TokenGrid x, Window w, int count) {
        return x.columns().convolved(count, w.kernelWidth(), w.strideWidth(), w.padWidth(), w.dilation());
    }

    @Override
    public SpatialMap pad(Tensor t, ImageOp.Pad op) {
        return onImage(t, x -> {
            double top = x.rows().at(-op.top());
            double left = x.columns().at(-op.left());
            return SpatialMap.image(
                    new TokenGrid.GridAxis(t.dim(0), top, x.rows().step()),
                    new TokenGrid.GridAxis(t.dim(1), left, x.columns().step()));
        });
    }

    @Override
    public SpatialMap resize(Tensor t, ImageOp.Resize op) {
        return onImage(
                t, x -> SpatialMap.image(x.rows().resized(t.dim(0)), x.columns().resized(t.dim(1))));
    }

    @Override
    public SpatialMap slice(Tensor t, LayoutOp.Slice op) {
        SpatialMap x = first(t);
        if (x.image().isPresent()) {
            TokenGrid grid = x.image().get();
            TokenGrid.GridAxis rows = op.axis() == 0 ? grid.rows().from(op.from(), op.to()) : grid.rows();
            TokenGrid.GridAxis columns = op.axis() == 1 ? grid.columns().from(op.from(), op.to()) : grid.columns();
            return SpatialMap.image(rows, columns);
        }
        Map<Integer, TokenGrid> tokens = new HashMap<>(x.tokens());
        tokens.computeIfPresent(op.axis(), (axis, layout) -> part(layout, op.from(), op.to()));
        return SpatialMap.axes(tokens);
    }

    /** Layout of a slice of the tokens; null, for unknown, if the slice cuts through the grid. */
    private static TokenGrid part(TokenGrid layout, int from, int to) {
        int end = layout.before() + layout.grid();
        if (to <= layout.before() || from >= end) return TokenGrid.withoutGrid(to - from);
        if (from > layout.before() || to < end) return null;
        return new TokenGrid(layout.before() - from, layout.rows(), layout.columns(), to - end);
    }

    @Override
    public SpatialMap concat(Tensor t, LayoutOp.Concat op) {
        List<SpatialMap> in = inputs(t);
        int axis = op.axis();
        boolean image = in.stream().anyMatch(x -> x.image().isPresent());
        if (image) return axis == 2 ? in.get(0) : SpatialMap.NONE;
        if (!in.stream().allMatch(x -> x.tokens().containsKey(axis))) {
            return axis == 0 ? SpatialMap.NONE : in.get(0);
        }
        Map<Integer, TokenGrid> tokens = new HashMap<>(in.get(0).tokens());
        tokens.remove(axis);
        List<TokenGrid> parts = in.stream().map(x -> x.tokens().get(axis)).toList();
        // Several grids along one axis are unknown: no network has them, and TokenGrid represents one.
        if (parts.stream().filter(TokenGrid::hasGrid).count() <= 1) {
            tokens.put(axis, parts.stream().reduce(SpatialMapVisitor::join).orElseThrow());
        }
        return SpatialMap.axes(tokens);
    }

    private static TokenGrid join(TokenGrid a, TokenGrid b) {
        return a.hasGrid()
                ? new TokenGrid(a.before(), a.rows(), a.columns(), a.after() + b.tokens())
                : new TokenGrid(a.tokens() + b.before(), b.rows(), b.columns(), b.after());
    }

    @Override
    public SpatialMap reshape(Tensor t, LayoutOp.Reshape op) {
        SpatialMap x = first(t);
        Shape from = t.input().shape();
        Shape to = t.shape();
        if (from.equals(to)) return x;
        if (x.image().isPresent()) {
            boolean flat = to.rank() == 2 && to.last() == from.last();
            return flat ? SpatialMap.axis(0, x.image().get()) : SpatialMap.NONE;
        }
        TokenGrid layout = x.tokens().get(0);
        boolean grid = layout != null
                && layout.isGridOnly()
                && to.rank() == 3
                && to.dim(0) == layout.rows().count()
                && to.dim(1) == layout.columns().count();
        return grid ? SpatialMap.image(layout.rows(), layout.columns()) : SpatialMap.NONE;
    }

    @Override
    public SpatialMap permute(Tensor t, LayoutOp.Permute op) {
        SpatialMap x = first(t);
        if (x.image().isPresent()) return op.axes().equals(List.of(0, 1, 2)) ? x : SpatialMap.NONE;
        Map<Integer, TokenGrid> tokens = new HashMap<>();
        x.tokens().forEach((axis, layout) -> tokens.put(op.axes().indexOf(axis), layout));
        return SpatialMap.axes(tokens);
    }

    @Override
    public SpatialMap mean(Tensor t, ArithmeticOp.Mean op) {
        int removed = op.axis();
        Map<Integer, TokenGrid> tokens = new HashMap<>();
        first(t).tokens().forEach((axis, layout) -> {
            if (axis != removed) tokens.put(axis < removed ? axis : axis - 1, layout);
        });
        return SpatialMap.axes(tokens);
    }

    @Override
    public SpatialMap splitHeads(Tensor t, LayoutOp.SplitHeads op) {
        return moveAxis(first(t), 0, 1);
    }

    @Override
    public SpatialMap mergeHeads(Tensor t, LayoutOp.MergeHeads op) {
        return moveAxis(first(t), 1, 0);
    }

    @Override
    public SpatialMap weightedSum(Tensor t, AttentionOp.WeightedSum op) {
        return moveAxis(first(t), 1, 1); // the queries
    }

    /** Moves the token axis and forgets all other axes. */
    private static SpatialMap moveAxis(SpatialMap x, int from, int to) {
        TokenGrid layout = x.tokens().get(from);
        return layout == null ? SpatialMap.NONE : SpatialMap.axis(to, layout);
    }

    @Override
    public SpatialMap attentionScores(Tensor t, AttentionOp.AttentionScores op) {
        Map<Integer, TokenGrid> queries = first(t).tokens();
        Map<Integer, TokenGrid> keys = inputs(t).get(1).tokens();
        Map<Integer, TokenGrid> tokens = new HashMap<>();
        if (queries.containsKey(1)) tokens.put(1, queries.get(1));
        if (keys.containsKey(1)) tokens.put(2, keys.get(1));
        return SpatialMap.axes(tokens);
    }

    @Override
    public SpatialMap linearAttention(Tensor t, AttentionOp.LinearAttention op) {
        return first(t); // the queries
    }

    @Override
    public SpatialMap lastTokenQkv(Tensor t, AttentionOp.LastTokenQkv op) {
        return SpatialMap.NONE; // queries, keys and values along one axis
    }
}
