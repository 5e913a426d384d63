package org.vit4j.graph;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where on the image the elements of a tensor lie, read off the graph: every operation that moves, cuts, joins or thins
 * out pixels and tokens says how. Whoever draws what a network sees asks here instead of knowing architectures, and a
 * model saved before this existed answers too.
 *
 * @param image the grid of an image [H, W, C]
 * @param tokens the axes that count tokens: 0 of [T, D], 1 of heads [H, T, d], 1 (queries) and 2 (keys) of maps [H, T, S]
 */
public record SpatialMap(Optional<TokenGrid> image, Map<Integer, TokenGrid> tokens) {
    private static final SpatialMap NONE = new SpatialMap(Optional.empty(), Map.of());

    public SpatialMap {
        tokens = Map.copyOf(tokens);
    }

    private static SpatialMap image(TokenGrid.GridAxis rows, TokenGrid.GridAxis columns) {
        return new SpatialMap(Optional.of(new TokenGrid(0, rows, columns, 0)), Map.of());
    }

    private static SpatialMap axis(int axis, TokenGrid cells) {
        return new SpatialMap(Optional.empty(), Map.of(axis, cells));
    }

    /** The grid of an image [H, W, C] or of tokens [T, D], when there is one. */
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

    /** Of every tensor of a graph, by name. */
    public static Map<String, SpatialMap> of(Graph graph) {
        Map<String, SpatialMap> all = new LinkedHashMap<>();
        for (Tensor t : graph.tensors()) {
            List<SpatialMap> in =
                    t.inputs().stream().map(input -> all.get(input.name())).toList();
            all.put(t.name(), made(t, in));
        }
        return all;
    }

    private static SpatialMap made(Tensor t, List<SpatialMap> in) {
        Op op = t.op();
        if (op instanceof Op.Input) return input(t.shape());
        if (op instanceof Op.LearnedTokens tokens) return axis(0, TokenGrid.unplaced(tokens.count()));
        if (op instanceof Op.Slice slice) return slice(slice, in.get(0));
        if (op instanceof Op.Concat concat) return concat(concat.axis(), in);
        if (op instanceof Op.Reshape) return reshape(t, in.get(0));
        if (op instanceof Op.Permute permute) return permute(permute.axes(), in.get(0));
        if (op instanceof Op.Mean mean) return mean(mean.axis(), in.get(0));
        if (op instanceof Op.SplitHeads) return moved(in.get(0), 0, 1);
        if (op instanceof Op.MergeHeads) return moved(in.get(0), 1, 0);
        if (op instanceof Op.AttentionScores) return scores(in.get(0), in.get(1));
        if (op instanceof Op.WeightedSum) return moved(in.get(0), 1, 1);
        if (op instanceof HeadOp.LastTokenQkv) return NONE;
        if (op instanceof HeadOp.LinearAttention) return in.get(0);
        Optional<Window> window = window(op);
        if (window.isPresent())
            return in.get(0).image.map(x -> seen(t, x, window.get())).orElse(NONE);
        if (op instanceof ImageOp.Pad pad)
            return in.get(0).image.map(x -> padded(t, x, pad)).orElse(NONE);
        if (op instanceof ImageOp.Resize)
            return in.get(0).image.map(x -> resized(t, x)).orElse(NONE);
        return alike(in);
    }

    private static SpatialMap input(Shape shape) {
        if (shape.rank() != 3) return NONE;
        return image(new TokenGrid.GridAxis(shape.dim(0), 0.5, 1), new TokenGrid.GridAxis(shape.dim(1), 0.5, 1));
    }

    /** The window an operation moves over an image. */
    public static Optional<Window> window(Op op) {
        if (op instanceof Op.Conv2d conv) return Optional.of(conv.window());
        if (op instanceof ImageOp.StandardizedConv2d conv) return Optional.of(conv.window());
        if (op instanceof ImageOp.MaxPool pool) return Optional.of(pool.window());
        if (op instanceof ImageOp.AvgPool pool) return Optional.of(pool.window());
        if (op instanceof ImageOp.Unfold unfold) return Optional.of(unfold.window());
        return Optional.empty();
    }

    private static SpatialMap seen(Tensor t, TokenGrid x, Window w) {
        boolean unfolded = t.op() instanceof ImageOp.Unfold;
        int height = unfolded ? w.outHeight(x.rows().count()) : t.dim(0);
        int width = unfolded ? w.outWidth(x.columns().count()) : t.dim(1);
        TokenGrid.GridAxis rows =
                x.rows().seenBy(height, w.kernelHeight(), w.strideHeight(), w.padHeight(), w.dilation());
        TokenGrid.GridAxis columns =
                x.columns().seenBy(width, w.kernelWidth(), w.strideWidth(), w.padWidth(), w.dilation());
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
        tokens.computeIfPresent(op.axis(), (axis, cells) -> part(cells, op.from(), op.to()));
        return new SpatialMap(Optional.empty(), tokens);
    }

    /** Some of the tokens; null, so nothing is known of them, when that cuts through the grid. */
    private static TokenGrid part(TokenGrid cells, int from, int to) {
        int end = cells.before() + cells.grid();
        if (to <= cells.before() || from >= end) return TokenGrid.unplaced(to - from);
        if (from > cells.before() || to < end) return null;
        return new TokenGrid(cells.before() - from, cells.rows(), cells.columns(), to - end);
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
        // Of several grids in a row nothing is known: no network has them, and Cells has one.
        if (parts.stream().filter(TokenGrid::hasGrid).count() <= 1) {
            tokens.put(axis, parts.stream().reduce(SpatialMap::joined).orElseThrow());
        }
        return new SpatialMap(Optional.empty(), tokens);
    }

    private static TokenGrid joined(TokenGrid a, TokenGrid b) {
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
        TokenGrid cells = x.tokens.get(0);
        boolean grid = cells != null
                && cells.isGridOnly()
                && to.rank() == 3
                && to.dim(0) == cells.rows().count()
                && to.dim(1) == cells.columns().count();
        return grid ? image(cells.rows(), cells.columns()) : NONE;
    }

    private static SpatialMap permute(List<Integer> axes, SpatialMap x) {
        if (x.image.isPresent()) return axes.equals(List.of(0, 1, 2)) ? x : NONE;
        Map<Integer, TokenGrid> tokens = new HashMap<>();
        x.tokens.forEach((axis, cells) -> tokens.put(axes.indexOf(axis), cells));
        return new SpatialMap(Optional.empty(), tokens);
    }

    private static SpatialMap mean(int gone, SpatialMap x) {
        Map<Integer, TokenGrid> tokens = new HashMap<>();
        x.tokens.forEach((axis, cells) -> {
            if (axis != gone) tokens.put(axis < gone ? axis : axis - 1, cells);
        });
        return new SpatialMap(Optional.empty(), tokens);
    }

    /** Tokens stand on another axis; nothing else is known. */
    private static SpatialMap moved(SpatialMap x, int from, int to) {
        TokenGrid cells = x.tokens.get(from);
        return cells == null ? NONE : axis(to, cells);
    }

    private static SpatialMap scores(SpatialMap q, SpatialMap k) {
        Map<Integer, TokenGrid> tokens = new HashMap<>();
        if (q.tokens.containsKey(1)) tokens.put(1, q.tokens.get(1));
        if (k.tokens.containsKey(1)) tokens.put(2, k.tokens.get(1));
        return new SpatialMap(Optional.empty(), tokens);
    }

    /** Element by element: the inputs lie in the same places, of which some may not know. */
    private static SpatialMap alike(List<SpatialMap> in) {
        return in.stream()
                .filter(SpatialMap::hasGrid)
                .findFirst()
                .or(() -> in.stream().filter(x -> !x.isEmpty()).findFirst())
                .orElse(NONE);
    }
}
