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
public record Places(Optional<Cells> image, Map<Integer, Cells> tokens) {
    private static final Places NONE = new Places(Optional.empty(), Map.of());

    public Places {
        tokens = Map.copyOf(tokens);
    }

    private static Places image(Cells.Line rows, Cells.Line columns) {
        return new Places(Optional.of(new Cells(0, rows, columns, 0)), Map.of());
    }

    private static Places axis(int axis, Cells cells) {
        return new Places(Optional.empty(), Map.of(axis, cells));
    }

    /** The grid of an image [H, W, C] or of tokens [T, D], when there is one. */
    public Optional<Cells> spatial() {
        return image.or(() ->
                Optional.ofNullable(tokens.size() == 1 ? tokens.get(0) : null).filter(Cells::hasGrid));
    }

    private boolean isEmpty() {
        return image.isEmpty() && tokens.isEmpty();
    }

    private boolean hasGrid() {
        return image.isPresent() || tokens.values().stream().anyMatch(Cells::hasGrid);
    }

    /** Of every tensor of a graph, by name. */
    public static Map<String, Places> of(Graph graph) {
        Map<String, Places> all = new LinkedHashMap<>();
        for (Tensor t : graph.tensors()) {
            List<Places> in =
                    t.inputs().stream().map(input -> all.get(input.name())).toList();
            all.put(t.name(), made(t, in));
        }
        return all;
    }

    private static Places made(Tensor t, List<Places> in) {
        Op op = t.op();
        if (op instanceof Op.Input) return input(t.shape());
        if (op instanceof Op.Tokens tokens) return axis(0, Cells.unplaced(tokens.count()));
        if (op instanceof Op.Slice slice) return slice(slice, in.get(0));
        if (op instanceof Op.Concat concat) return concat(concat.axis(), in);
        if (op instanceof Op.Reshape) return reshape(t, in.get(0));
        if (op instanceof Op.Permute permute) return permute(permute.axes(), in.get(0));
        if (op instanceof Op.Mean mean) return mean(mean.axis(), in.get(0));
        if (op instanceof Op.SplitHeads) return moved(in.get(0), 0, 1);
        if (op instanceof Op.MergeHeads) return moved(in.get(0), 1, 0);
        if (op instanceof Op.Scores) return scores(in.get(0), in.get(1));
        if (op instanceof Op.Mix) return moved(in.get(0), 1, 1);
        if (op instanceof HeadOp.LastQuery) return NONE;
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

    private static Places input(Shape shape) {
        if (shape.rank() != 3) return NONE;
        return image(new Cells.Line(shape.dim(0), 0.5, 1), new Cells.Line(shape.dim(1), 0.5, 1));
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

    private static Places seen(Tensor t, Cells x, Window w) {
        boolean unfolded = t.op() instanceof ImageOp.Unfold;
        int height = unfolded ? w.outHeight(x.rows().count()) : t.dim(0);
        int width = unfolded ? w.outWidth(x.columns().count()) : t.dim(1);
        Cells.Line rows = x.rows().seenBy(height, w.kernelHeight(), w.strideHeight(), w.padHeight(), w.dilation());
        Cells.Line columns = x.columns().seenBy(width, w.kernelWidth(), w.strideWidth(), w.padWidth(), w.dilation());
        return unfolded ? axis(0, new Cells(0, rows, columns, 0)) : image(rows, columns);
    }

    private static Places padded(Tensor t, Cells x, ImageOp.Pad pad) {
        Cells.Line rows =
                new Cells.Line(t.dim(0), x.rows().at(-pad.top()), x.rows().step());
        return image(
                rows,
                new Cells.Line(
                        t.dim(1), x.columns().at(-pad.left()), x.columns().step()));
    }

    private static Places resized(Tensor t, Cells x) {
        return image(x.rows().resized(t.dim(0)), x.columns().resized(t.dim(1)));
    }

    private static Places slice(Op.Slice op, Places x) {
        if (x.image.isPresent()) {
            Cells grid = x.image.get();
            Cells.Line rows = op.axis() == 0 ? grid.rows().from(op.from(), op.to()) : grid.rows();
            Cells.Line columns = op.axis() == 1 ? grid.columns().from(op.from(), op.to()) : grid.columns();
            return image(rows, columns);
        }
        Map<Integer, Cells> tokens = new HashMap<>(x.tokens);
        tokens.computeIfPresent(op.axis(), (axis, cells) -> part(cells, op.from(), op.to()));
        return new Places(Optional.empty(), tokens);
    }

    /** Some of the tokens; null, so nothing is known of them, when that cuts through the grid. */
    private static Cells part(Cells cells, int from, int to) {
        int end = cells.before() + cells.grid();
        if (to <= cells.before() || from >= end) return Cells.unplaced(to - from);
        if (from > cells.before() || to < end) return null;
        return new Cells(cells.before() - from, cells.rows(), cells.columns(), to - end);
    }

    private static Places concat(int axis, List<Places> in) {
        boolean image = in.stream().anyMatch(x -> x.image.isPresent());
        if (image) return axis == 2 ? in.get(0) : NONE;
        if (!in.stream().allMatch(x -> x.tokens.containsKey(axis))) {
            return axis == 0 ? NONE : in.get(0);
        }
        Map<Integer, Cells> tokens = new HashMap<>(in.get(0).tokens);
        tokens.remove(axis);
        List<Cells> parts = in.stream().map(x -> x.tokens.get(axis)).toList();
        // Of several grids in a row nothing is known: no network has them, and Cells has one.
        if (parts.stream().filter(Cells::hasGrid).count() <= 1) {
            tokens.put(axis, parts.stream().reduce(Places::joined).orElseThrow());
        }
        return new Places(Optional.empty(), tokens);
    }

    private static Cells joined(Cells a, Cells b) {
        return a.hasGrid()
                ? new Cells(a.before(), a.rows(), a.columns(), a.after() + b.tokens())
                : new Cells(a.tokens() + b.before(), b.rows(), b.columns(), b.after());
    }

    private static Places reshape(Tensor t, Places x) {
        Shape from = t.input().shape();
        Shape to = t.shape();
        if (from.equals(to)) return x;
        if (x.image.isPresent()) {
            boolean flat = to.rank() == 2 && to.last() == from.last();
            return flat ? axis(0, x.image.get()) : NONE;
        }
        Cells cells = x.tokens.get(0);
        boolean grid = cells != null
                && cells.isGridOnly()
                && to.rank() == 3
                && to.dim(0) == cells.rows().count()
                && to.dim(1) == cells.columns().count();
        return grid ? image(cells.rows(), cells.columns()) : NONE;
    }

    private static Places permute(List<Integer> axes, Places x) {
        if (x.image.isPresent()) return axes.equals(List.of(0, 1, 2)) ? x : NONE;
        Map<Integer, Cells> tokens = new HashMap<>();
        x.tokens.forEach((axis, cells) -> tokens.put(axes.indexOf(axis), cells));
        return new Places(Optional.empty(), tokens);
    }

    private static Places mean(int gone, Places x) {
        Map<Integer, Cells> tokens = new HashMap<>();
        x.tokens.forEach((axis, cells) -> {
            if (axis != gone) tokens.put(axis < gone ? axis : axis - 1, cells);
        });
        return new Places(Optional.empty(), tokens);
    }

    /** Tokens stand on another axis; nothing else is known. */
    private static Places moved(Places x, int from, int to) {
        Cells cells = x.tokens.get(from);
        return cells == null ? NONE : axis(to, cells);
    }

    private static Places scores(Places q, Places k) {
        Map<Integer, Cells> tokens = new HashMap<>();
        if (q.tokens.containsKey(1)) tokens.put(1, q.tokens.get(1));
        if (k.tokens.containsKey(1)) tokens.put(2, k.tokens.get(1));
        return new Places(Optional.empty(), tokens);
    }

    /** Element by element: the inputs lie in the same places, of which some may not know. */
    private static Places alike(List<Places> in) {
        return in.stream()
                .filter(Places::hasGrid)
                .findFirst()
                .or(() -> in.stream().filter(x -> !x.isEmpty()).findFirst())
                .orElse(NONE);
    }
}
