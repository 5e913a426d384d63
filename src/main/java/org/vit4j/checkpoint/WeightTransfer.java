package org.vit4j.checkpoint;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.PositionGrid;
import org.vit4j.graph.Shape;
import org.vit4j.graph.analysis.ModelAnatomy;

/**
 * Loads pretrained weights into a model. If the number of classes differs, the head keeps its initialization;
 * position tables are resampled and first convolutions adapted, see {@link WeightAdaptation}. Each of these steps is
 * logged in one line.
 */
public final class WeightTransfer {
    /** Names shown in messages. */
    private static final int MAX_NAMES = 8;

    private static final String MISMATCH =
            ". Use the config it was trained with, or ignore the differences with --lenient (init.strict: false)";
    private static final String HEADLESS = ". It is a backbone without a head; --classes N initializes a new head";

    private final PretrainedWeights source;
    private final boolean strict;
    private final boolean newHead;
    private final Graph graph;
    private final Set<String> heads;
    private final Set<String> stems;
    private final Map<String, PositionGrid> grids;
    private final Set<String> notes = new LinkedHashSet<>();
    private final List<String> missing = new ArrayList<>();
    private final List<String> wrongShape = new ArrayList<>();
    private final List<String> unreadable = new ArrayList<>();
    private final List<String> unexpected;
    /** Modules of the source that belong to a head which is not loaded. */
    private final Set<String> otherHeads = new LinkedHashSet<>();

    private WeightTransfer(PretrainedWeights source, Graph graph, boolean strict, boolean newHead) {
        this.source = source;
        this.strict = strict;
        this.newHead = newHead;
        this.graph = graph;
        this.unexpected = new ArrayList<>(source.unexpected());
        this.notes.addAll(source.notes());
        this.heads = ModelAnatomy.heads(graph);
        this.stems = ModelAnatomy.stems(graph);
        this.grids = ModelAnatomy.grids(graph);
    }

    /** A parameter with its source array and the conversion of its values. */
    private record WeightMove(Parameter weight, PretrainedWeights.FoundWeight found, WeightConversion conversion) {
        interface WeightConversion {
            float[] convert(float[] values);
        }
    }

    /**
     * Loads the weights of a source. All names and shapes are checked before any values are read. If {@code strict},
     * a source without a head is rejected.
     *
     * @see #load(PretrainedWeights, Graph, boolean, boolean, BiConsumer)
     */
    public static List<String> load(
            PretrainedWeights source, Graph graph, boolean strict, BiConsumer<String, float[]> into) {
        return load(source, graph, strict, false, into);
    }

    /**
     * Loads the weights of a source. All names and shapes are checked before any values are read.
     *
     * @param strict true if missing and unexpected arrays and wrong shapes are errors; otherwise they are logged, and
     *     the parameters keep their initialization
     * @param newHead true if the head may keep its initialization when the source has none (a backbone)
     * @param into receives the name and values of each parameter
     * @return lines for the log: all steps other than copying
     * @throws ConfigError with the missing and unexpected names and wrong shapes, or with the name of an array that contains
     *     NaN or infinity
     */
    public static List<String> load(
            PretrainedWeights source, Graph graph, boolean strict, boolean newHead, BiConsumer<String, float[]> into) {
        WeightTransfer transfer = new WeightTransfer(source, graph, strict, newHead);
        List<WeightMove> moves = transfer.moves();
        // All are read and checked before the first is loaded, and not kept: large networks would need twice the
        // memory.
        for (WeightMove move : moves)
            requireFinite(
                    source.label() + ": " + move.found.name(),
                    move.found.values().get());
        for (WeightMove move : moves)
            into.accept(
                    move.weight.name(),
                    move.conversion.convert(move.found.values().get()));
        return List.copyOf(transfer.notes);
    }

    private static void requireFinite(String name, float[] values) {
        for (float value : values)
            if (!Float.isFinite(value))
                throw new ConfigError(name + " contains " + value + ", expected finite numbers");
    }

    /** Performs the checks of {@link #load} without reading values. */
    public static void check(PretrainedWeights source, Graph graph, boolean strict, boolean newHead) {
        new WeightTransfer(source, graph, strict, newHead).moves();
    }

    private List<WeightMove> moves() {
        List<WeightMove> moves = new ArrayList<>();
        for (Parameter weight : graph.parameters()) plan(weight).ifPresent(moves::add);
        if (newHead) initializeHeads();
        skipOtherHeads();
        reportProblems(moves.size(), graph.parameters().size());
        return moves;
    }

    private Optional<WeightMove> plan(Parameter weight) {
        Optional<PretrainedWeights.FoundWeight> found = source.find(weight);
        if (found.isEmpty()) {
            Optional<String> type = source.unreadableType(weight);
            if (type.isPresent()) unreadable.add(source.name(weight) + " of class " + type.get());
            else missing.add(weight.name());
            return Optional.empty();
        }
        Optional<Shape> shapeInFile = found.get().shape();
        Optional<WeightMove.WeightConversion> conversion = shapeInFile.flatMap(shape -> conversion(weight, shape));
        if (conversion.isPresent()) return Optional.of(new WeightMove(weight, found.get(), conversion.get()));
        boolean otherClasses = heads.contains(weight.name())
                && shapeInFile.isPresent()
                && equalExceptAxis(
                        weight.shape(), shapeInFile.get(), weight.shape().rank() - 1);
        if (otherClasses) {
            String head = weight.name().substring(0, weight.name().lastIndexOf('.'));
            notes.add(head + ": " + weight.shape().last() + " classes instead of "
                    + shapeInFile.get().last() + ", newly initialized");
            otherHeads.add(module(source.name(weight)));
        } else {
            wrongShape.add(found.get().name() + " " + found.get().sourceShape() + " for " + weight.name() + " "
                    + weight.shape());
        }
        return Optional.empty();
    }

    /**
     * For a backbone without any head parameter: keeps the initialization of the heads and of all parameters in their
     * modules.
     */
    private void initializeHeads() {
        if (heads.isEmpty() || !missing.containsAll(heads)) return;
        Set<String> modules = new LinkedHashSet<>();
        Set<String> outer = new LinkedHashSet<>();
        for (Parameter weight : graph.parameters()) {
            if (!heads.contains(weight.name())) continue;
            String module = module(source.name(weight));
            modules.add(module);
            // A norm next to the dense layer belongs to the head too: mlp_head.0 and mlp_head.1, head.bn and
            // head.linear.
            if (!module(module).isEmpty()) outer.add(module(module));
        }
        for (String module : outer) if (missing.containsAll(namesIn(module))) modules.add(module);
        List<String> initialized = new ArrayList<>();
        for (String module : modules) initialized.addAll(namesIn(module));
        missing.removeAll(initialized);
        otherHeads.addAll(modules);
        notes.add("no head in the file, initialized: "
                + abbreviate(initialized.stream().distinct().toList()));
    }

    /** Names of the model's parameters that belong to a module of the source. */
    private List<String> namesIn(String module) {
        return graph.parameters().stream()
                .filter(weight -> source.name(weight).startsWith(module + "."))
                .map(Parameter::name)
                .toList();
    }

    private static String module(String name) {
        int dot = name.lastIndexOf('.');
        return dot < 0 ? "" : name.substring(0, dot);
    }

    /**
     * Removes arrays of a head that is not loaded from the unexpected ones: projector layers, Google's {@code
     * pre_logits}.
     */
    private void skipOtherHeads() {
        if (otherHeads.isEmpty()) return;
        List<String> skipped = unexpected.stream()
                .filter(name -> name.startsWith("pre_logits.")
                        || otherHeads.stream().anyMatch(module -> name.startsWith(module + ".")))
                .toList();
        if (skipped.isEmpty()) return;
        unexpected.removeAll(skipped);
        notes.add("another head in the file, skipped: " + abbreviate(skipped));
    }

    /** Returns the conversion of values of a shape to the parameter's shape; empty if there is none. */
    private Optional<WeightMove.WeightConversion> conversion(Parameter weight, Shape shapeInFile) {
        PositionGrid to = grids.get(weight.name());
        if (to != null) return positions(weight, shapeInFile, to);
        if (shapeInFile.equals(weight.shape())) return Optional.of(values -> values);
        if (stems.contains(weight.name()) && equalExceptAxis(weight.shape(), shapeInFile, 2)) {
            int channels = weight.shape().dim(2);
            notes.add(weight.name() + ": for " + channels + " instead of " + shapeInFile.dim(2) + " channels, "
                    + (channels == 1 ? "its kernels summed" : "its kernels repeated and scaled"));
            return Optional.of(values -> WeightAdaptation.adaptChannels(values, shapeInFile, channels));
        }
        return Optional.empty();
    }

    private Optional<WeightMove.WeightConversion> positions(Parameter weight, Shape shapeInFile, PositionGrid to) {
        if (shapeInFile.last() != weight.shape().last()) return Optional.empty();
        Optional<PositionGrid> known = grid(weight.name(), shapeInFile, to);
        if (known.isEmpty()) return Optional.empty();
        PositionGrid from = known.get();
        if (from.equals(to)) return Optional.of(values -> values);
        if (from.prefix() != to.prefix()) return Optional.empty();
        WeightAdaptation.PositionResampling method = source.resampling();
        String methodName = method.name().toLowerCase(Locale.ROOT);
        notes.add(weight.name() + ": resampled from " + from + " to " + to + " positions, " + methodName);
        return Optional.of(values -> WeightAdaptation.resamplePositions(values, from, to, method));
    }

    /**
     * Returns the grid of a source's table: declared by the source, else the model's if as long, else a square (as
     * timm).
     */
    private Optional<PositionGrid> grid(String name, Shape table, PositionGrid modelGrid) {
        if (table.rank() == 3) return Optional.of(new PositionGrid(0, table.dim(0), table.dim(1)));
        int tokens = table.dim(0);
        PositionGrid declared = source.grids().get(name);
        if (declared != null && declared.tokens() == tokens) return Optional.of(declared);
        if (tokens == modelGrid.tokens()) return Optional.of(modelGrid);
        int cells = tokens - modelGrid.prefix();
        int side = (int) Math.sqrt(Math.max(cells, 0));
        if (side > 0 && side * side == cells) return Optional.of(new PositionGrid(modelGrid.prefix(), side, side));
        return Optional.empty();
    }

    private static boolean equalExceptAxis(Shape a, Shape b, int axis) {
        return a.rank() == b.rank() && a.with(axis, 1).equals(b.with(axis, 1));
    }

    private void reportProblems(int loaded, int total) {
        String hint = source.hint().map(text -> "; " + text).orElse("");
        if (loaded == 0) {
            String none = source.label() + ": contains none of the model's " + total + " parameters";
            throw new ConfigError(
                    wrongShape.isEmpty()
                            ? none + "; is it another model? It contains " + abbreviate(unexpected) + hint
                            : none + " with their shapes; is it another model? Wrong shape: " + abbreviate(wrongShape)
                                    + hint);
        }
        List<String> problems = new ArrayList<>();
        if (!missing.isEmpty()) problems.add("missing: " + abbreviate(missing));
        if (!unexpected.isEmpty()) problems.add("unexpected: " + abbreviate(unexpected));
        if (!wrongShape.isEmpty()) problems.add("wrong shape: " + abbreviate(wrongShape));
        if (!unreadable.isEmpty()) problems.add("not arrays: " + abbreviate(unreadable));
        if (problems.isEmpty()) return;
        if (strict) {
            initializeHeads();
            skipOtherHeads();
            boolean headless =
                    missing.isEmpty() && unexpected.isEmpty() && wrongShape.isEmpty() && unreadable.isEmpty();
            throw new ConfigError(source.label() + " (" + source.namingScheme() + " names) does not fit the model"
                    + (2 * loaded < total ? " (is it another model?); " : "; ")
                    + String.join("; ", problems) + hint + (headless ? HEADLESS : MISMATCH));
        }
        notes.addAll(problems);
    }

    /** Formats the number of names and the first few of them. */
    public static String abbreviate(List<String> names) {
        String first = String.join(", ", names.subList(0, Math.min(MAX_NAMES, names.size())));
        return names.size() + " (" + first + (names.size() > MAX_NAMES ? ", ..." : "") + ")";
    }
}
