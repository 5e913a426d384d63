package org.vit4j.graph;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Positions on the image of the elements of a tensor, derived from the operations of the graph for any architecture.
 * Used to draw attention maps and heat maps.
 *
 * @param image the grid of an image [H, W, C]
 * @param tokens layouts of the token axes: 0 of [T, D], 1 of heads [H, T, d], 1 (queries) and 2 (keys) of maps [H, T,
 *     S]
 */
public record SpatialMap(Optional<TokenGrid> image, Map<Integer, TokenGrid> tokens) {
    private static final SpatialMap NONE = new SpatialMap(Optional.empty(), Map.of());

    public SpatialMap {
        tokens = Map.copyOf(tokens);
    }

    private static SpatialMap image(TokenGrid.GridAxis rows, TokenGrid.GridAxis columns) {
        return new SpatialMap(Optional.of(new TokenGrid(0, rows, columns, 0)), Map.of());
    }

    private static SpatialMap axis(int axis, TokenGrid layout) {
        return new SpatialMap(Optional.empty(), Map.of(axis, layout));
    }

    /** Returns the grid of an image [H, W, C] or of tokens [T, D], if there is one. */
    public Optional<TokenGrid> spatial() {
        return image.or(() ->
                Optional.ofNullable(tokens.size() == 1 ? tokens.get(0) : null).filter(TokenGrid::hasGrid));
    }

    private boolean isEmpty() {
        return image.isEmpty() && tokens.isEmpty();
    }

    private boolean hasGrid() {
        return image.isPresent() || tokens.values().stream().anyMatch(TokenGrid::hasGrid);
    }

    /** Computes the maps of all tensors of a graph, by tensor name. */
    public static Map<String, SpatialMap> of(Graph graph) {
        Map<String, SpatialMap> all = new LinkedHashMap<>();
        for (Tensor t : graph.tensors()) {
            List<SpatialMap> in =
                    t.inputs().stream().map(input -> all.get(input.name())).toList();
            all.put(t.name(), output(t, in));
        }
        return all;
    }

    private static SpatialMap output(Tensor t, List<SpatialMap> in) {
        Op op = t.op();
        if (op instanceof Op.Input) return input(t.shape());
        if (op instanceof Op.LearnedTokens tokens) return axis(0, TokenGrid.withoutGrid(tokens.count()));
        if (op instanceof Op.Slice slice) return slice(slice, in.get(0));
        if (op instanceof Op.Concat concat) return concat(concat.axis(), in);
        if (op instanceof Op.Reshape) return reshape(t, in.get(0));
        if (op instanceof Op.Permute permute) return permute(permute.axes(), in.get(0));
        if (op instanceof Op.Mean mean) return mean(mean.axis(), in.get(0));
        if (op instanceof Op.SplitHeads) return moveAxis(in.get(0), 0, 1);
        if (op instanceof Op.MergeHeads) return moveAxis(in.get(0), 1, 0);
        if (op instanceof Op.AttentionScores) return scores(in.get(0), in.get(1));
        if (op instanceof Op.WeightedSum) return moveAxis(in.get(0), 1, 1);
        if (op instanceof HeadOp.LastTokenQkv) return NONE;
        if (op instanceof HeadOp.LinearAttention) return in.get(0);
        Optional<Window> window = window(op);
        if (window.isPresent())
            return in.get(0).image.map(x -> convolved(t, x, window.get())).orElse(NONE);
        if (op instanceof ImageOp.Pad pad)
            return in.get(0).image.map(x -> padded(t, x, pad)).orElse(NONE);
        if (op instanceof ImageOp.Resize)
            return in.get(0).image.map(x -> resized(t, x)).orElse(NONE);
        return elementwise(in);
    }

    private static SpatialMap input(Shape shape) {
        if (shape.rank() != 3) return NONE;
        return image(new TokenGrid.GridAxis(shape.dim(0), 0.5, 1), new TokenGrid.GridAxis(shape.dim(1), 0.5, 1));
    }

    /** Returns the sliding window of an operation, if it has one. */
    public static Optional<Window> window(Op op) {
        if (op instanceof Op.Conv2d conv) return Optional.of(conv.window());
        if (op instanceof ImageOp.StandardizedConv2d conv) return Optional.of(conv.window());
        if (op instanceof ImageOp.MaxPool pool) return Optional.of(pool.window());
        if (op instanceof ImageOp.AvgPool pool) return Optional.of(pool.window());
        if (op instanceof ImageOp.Unfold unfold) return Optional.of(unfold.window());
        return Optional.empty();
    }

    private static SpatialMap convolved(Tensor t, TokenGrid x, Window w) {
        boolean unfolded = t.op() instanceof ImageOp.Unfold;
        int height = unfolded ? w.outHeight(x.rows().count()) : t.dim(0);
        int width = unfolded ? w.outWidth(x.columns().count()) : t.dim(1);
        TokenGrid.GridAxis rows =
                x.rows().convolved(height, w.kernelHeight(), w.strideHeight(), w.padHeight(), w.dilation());
        TokenGrid.GridAxis columns =
                x.columns().convolved(width, w.kernelWidth(), w.strideWidth(), w.padWidth(), w.dilation());
        return unfolded ? axis(0, new TokenGrid(0, rows, columns, 0)) : image(rows, columns);
    }

    private static SpatialMap padded(Tensor t, TokenGrid x, ImageOp.Pad pad) {
        TokenGrid.GridAxis rows = new TokenGrid.GridAxis(
                t.dim(0), x.rows().at(-pad.top()), x.rows().step());
        return image(
                rows,
                new TokenGrid.GridAxis(
                        t.dim(1), x.columns().at(-pad.left()), x.columns().step()));
    }

    private static SpatialMap resized(Tensor t, TokenGrid x) {
        return image(x.rows().resized(t.dim(0)), x.columns().resized(t.dim(1)));
    }

    private static SpatialMap slice(Op.Slice op, SpatialMap x) {
        if (x.image.isPresent()) {
            TokenGrid grid = x.image.get();
            TokenGrid.GridAxis rows = op.axis() == 0 ? grid.rows().from(op.from(), op.to()) : grid.rows();
            TokenGrid.GridAxis columns = op.axis() == 1 ? grid.columns().from(op.from(), op.to()) : grid.columns();
            return image(rows, columns);
        }
        Map<Integer, TokenGrid> tokens = new HashMap<>(x.tokens);
        tokens.computeIfPresent(op.axis(), (axis, layout) -> part(layout, op.from(), op.to()));
        return new SpatialMap(Optional.empty(), tokens);
    }

    /** Layout of a slice of the tokens; null, for unknown, if the slice cuts through the grid. */
    private static TokenGrid part(TokenGrid layout, int from, int to) {
        int end = layout.before() + layout.grid();
        if (to <= layout.before() || from >= end) return TokenGrid.withoutGrid(to - from);
        if (from > layout.before() || to < end) return null;
        return new TokenGrid(layout.before() - from, layout.rows(), layout.columns(), to - end);
    }

    private static SpatialMap concat(int axis, List<SpatialMap> in) {
        boolean image = in.stream().anyMatch(x -> x.image.isPresent());
        if (image) return axis == 2 ? in.get(0) : NONE;
        if (!in.stream().allMatch(x -> x.tokens.containsKey(axis))) {
            return axis == 0 ? NONE : in.get(0);
        }
        Map<Integer, TokenGrid> tokens = new HashMap<>(in.get(0).tokens);
        tokens.remove(axis);
        List<TokenGrid> parts = in.stream().map(x -> x.tokens.get(axis)).toList();
        // Several grids along one axis are unknown: no network has them, and TokenGrid represents one.
        if (parts.stream().filter(TokenGrid::hasGrid).count() <= 1) {
            tokens.put(axis, parts.stream().reduce(SpatialMap::join).orElseThrow());
        }
        return new SpatialMap(Optional.empty(), tokens);
    }

    private static TokenGrid join(TokenGrid a, TokenGrid b) {
        return a.hasGrid()
                ? new TokenGrid(a.before(), a.rows(), a.columns(), a.after() + b.tokens())
                : new TokenGrid(a.tokens() + b.before(), b.rows(), b.columns(), b.after());
    }

    private static SpatialMap reshape(Tensor t, SpatialMap x) {
        Shape from = t.input().shape();
        Shape to = t.shape();
        if (from.equals(to)) return x;
        if (x.image.isPresent()) {
            boolean flat = to.rank() == 2 && to.last() == from.last();
            return flat ? axis(0, x.image.get()) : NONE;
        }
        TokenGrid layout = x.tokens.get(0);
        boolean grid = layout != null
                && layout.isGridOnly()
                && to.rank() == 3
                && to.dim(0) == layout.rows().count()
                && to.dim(1) == layout.columns().count();
        return grid ? image(layout.rows(), layout.columns()) : NONE;
    }

    private static SpatialMap permute(List<Integer> axes, SpatialMap x) {
        if (x.image.isPresent()) return axes.equals(List.of(0, 1, 2)) ? x : NONE;
        Map<Integer, TokenGrid> tokens = new HashMap<>();
        x.tokens.forEach((axis, layout) -> tokens.put(axes.indexOf(axis), layout));
        return new SpatialMap(Optional.empty(), tokens);
    }

    private static SpatialMap mean(int removed, SpatialMap x) {
        Map<Integer, TokenGrid> tokens = new HashMap<>();
        x.tokens.forEach((axis, layout) -> {
            if (axis != removed) tokens.put(axis < removed ? axis : axis - 1, layout);
        });
        return new SpatialMap(Optional.empty(), tokens);
    }

    /** Moves the token axis and forgets all other axes. */
    private static SpatialMap moveAxis(SpatialMap x, int from, int to) {
        TokenGrid layout = x.tokens.get(from);
        return layout == null ? NONE : axis(to, layout);
    }

    private static SpatialMap scores(SpatialMap q, SpatialMap k) {
        Map<Integer, TokenGrid> tokens = new HashMap<>();
        if (q.tokens.containsKey(1)) tokens.put(1, q.tokens.get(1));
        if (k.tokens.containsKey(1)) tokens.put(2, k.tokens.get(1));
        return new SpatialMap(Optional.empty(), tokens);
    }

    /** Inputs of elementwise operations have equal layouts; some may be unknown. */
    private static SpatialMap elementwise(List<SpatialMap> in) {
        return in.stream()
                .filter(SpatialMap::hasGrid)
                .findFirst()
                .or(() -> in.stream().filter(x -> !x.isEmpty()).findFirst())
                .orElse(NONE);
    }
}
