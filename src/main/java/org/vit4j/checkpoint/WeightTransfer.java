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
import org.vit4j.graph.ModelAnatomy;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.PositionGrid;
import org.vit4j.graph.Shape;

/**
 * Gives a network the weights of a source. What depends on the number of classes is left as it was drawn when that
 * number differs; position tables are resampled and first convolutions adapted, see {@link WeightAdaptation}. Each is said in a
 * line.
 */
public final class WeightTransfer {
    /** Names shown of a long list. */
    private static final int SHOWN = 8;

    private static final String OTHERWISE =
            ". Take the config it was made with, or leave these aside with --lenient (init.strict: false)";
    private static final String HEADLESS = ". It is a backbone without a head: --classes N initializes one";

    private final PretrainedWeights source;
    private final boolean strict;
    private final boolean newHead;
    private final Graph graph;
    private final Set<String> heads;
    private final Set<String> stems;
    private final Map<String, PositionGrid> grids;
    private final Set<String> notes = new LinkedHashSet<>();
    private final List<String> missing = new ArrayList<>();
    private final List<String> misshapen = new ArrayList<>();
    private final List<String> unreadable = new ArrayList<>();
    private final List<String> unexpected;
    /** Modules of the source that are a head the network does not take over. */
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

    /** One weight that has somewhere to come from. */
    private record WeightMove(Parameter weight, PretrainedWeights.FoundWeight found, WeightConversion how) {
        interface WeightConversion {
            float[] values(float[] theirs);
        }
    }

    /**
     * Fills in what the source has. Nothing is read before everything is known to fit. A source without a head is refused
     * when {@code strict}.
     *
     * @see #load(Source, Graph, boolean, boolean, BiConsumer)
     */
    public static List<String> load(
            PretrainedWeights source, Graph graph, boolean strict, BiConsumer<String, float[]> into) {
        return load(source, graph, strict, false, into);
    }

    /**
     * Fills in what the source has. Nothing is read before everything is known to fit.
     *
     * @param strict whether an array that is missing, superfluous or of an impossible shape is an error; else it is
     *     noted, and the weight stays as it was drawn
     * @param newHead whether the head may stay as it was initialized when the source has none: a backbone alone
     * @param into is given each weight's name and values
     * @return what was done besides copying, for the log
     * @throws ConfigError naming what is missing, unexpected or misshapen
     */
    public static List<String> load(
            PretrainedWeights source, Graph graph, boolean strict, boolean newHead, BiConsumer<String, float[]> into) {
        WeightTransfer transfer = new WeightTransfer(source, graph, strict, newHead);
        for (WeightMove move : transfer.moves()) {
            float[] theirs = move.found.values().get();
            into.accept(move.weight.name(), move.how.values(theirs));
        }
        return List.copyOf(transfer.notes);
    }

    /** What {@link #load} would complain of, without reading any values. */
    public static void check(PretrainedWeights source, Graph graph, boolean strict, boolean newHead) {
        new WeightTransfer(source, graph, strict, newHead).moves();
    }

    private List<WeightMove> moves() {
        List<WeightMove> moves = new ArrayList<>();
        for (Parameter weight : graph.parameters()) plan(weight).ifPresent(moves::add);
        if (newHead) initializeHeads();
        leaveOtherHeads();
        judge(moves.size(), graph.parameters().size());
        return moves;
    }

    private Optional<WeightMove> plan(Parameter weight) {
        Optional<PretrainedWeights.FoundWeight> found = source.find(weight);
        if (found.isEmpty()) {
            Optional<String> type = source.unreadable(weight);
            if (type.isPresent()) unreadable.add(source.name(weight) + " of class " + type.get());
            else missing.add(weight.name());
            return Optional.empty();
        }
        Optional<Shape> theirs = found.get().shape();
        Optional<WeightMove.WeightConversion> how = theirs.flatMap(shape -> how(weight, shape));
        if (how.isPresent()) return Optional.of(new WeightMove(weight, found.get(), how.get()));
        boolean otherClasses = heads.contains(weight.name())
                && theirs.isPresent()
                && sameBut(weight.shape(), theirs.get(), weight.shape().rank() - 1);
        if (otherClasses) {
            String head = weight.name().substring(0, weight.name().lastIndexOf('.'));
            notes.add(head + ": " + weight.shape().last() + " classes instead of "
                    + theirs.get().last() + ", drawn anew");
            otherHeads.add(module(source.name(weight)));
        } else {
            misshapen.add(
                    found.get().name() + " " + found.get().told() + " for " + weight.name() + " " + weight.shape());
        }
        return Optional.empty();
    }

    /** A backbone has nothing for any head: then they stay as they were initialized, with what stands in their modules. */
    private void initializeHeads() {
        if (heads.isEmpty() || !missing.containsAll(heads)) return;
        Set<String> modules = new LinkedHashSet<>();
        Set<String> outer = new LinkedHashSet<>();
        for (Parameter weight : graph.parameters()) {
            if (!heads.contains(weight.name())) continue;
            String module = module(source.name(weight));
            modules.add(module);
            // A norm next to the dense layer is the head's too: mlp_head.0 and mlp_head.1, head.bn and head.linear.
            if (!module(module).isEmpty()) outer.add(module(module));
        }
        for (String module : outer) if (missing.containsAll(namesIn(module))) modules.add(module);
        List<String> started = new ArrayList<>();
        for (String module : modules) started.addAll(namesIn(module));
        missing.removeAll(started);
        otherHeads.addAll(modules);
        notes.add("no head in the file, initialized: "
                + shown(started.stream().distinct().toList()));
    }

    /** Our names of parameters that a module of the source has, or would have. */
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

    /** Arrays in the module of a head that is not taken over: layers of a projector, {@code pre_logits} of Google's. */
    private void leaveOtherHeads() {
        if (otherHeads.isEmpty()) return;
        List<String> left = unexpected.stream()
                .filter(name -> name.startsWith("pre_logits.")
                        || otherHeads.stream().anyMatch(module -> name.startsWith(module + ".")))
                .toList();
        if (left.isEmpty()) return;
        unexpected.removeAll(left);
        notes.add("another head in the file, left out: " + shown(left));
    }

    /** How values of that shape become the weight's; empty when there is no way. */
    private Optional<WeightMove.WeightConversion> how(Parameter weight, Shape theirs) {
        PositionGrid to = grids.get(weight.name());
        if (to != null) return positions(weight, theirs, to);
        if (theirs.equals(weight.shape())) return Optional.of(values -> values);
        if (stems.contains(weight.name()) && sameBut(weight.shape(), theirs, 2)) {
            int channels = weight.shape().dim(2);
            notes.add(weight.name() + ": for " + channels + " instead of " + theirs.dim(2) + " channels, "
                    + (channels == 1 ? "its kernels summed" : "its kernels repeated and scaled"));
            return Optional.of(values -> WeightAdaptation.channels(values, theirs, channels));
        }
        return Optional.empty();
    }

    private Optional<WeightMove.WeightConversion> positions(Parameter weight, Shape theirs, PositionGrid to) {
        if (theirs.last() != weight.shape().last()) return Optional.empty();
        Optional<PositionGrid> known = grid(weight.name(), theirs, to);
        if (known.isEmpty()) return Optional.empty();
        PositionGrid from = known.get();
        if (from.equals(to)) return Optional.of(values -> values);
        if (from.prefix() != to.prefix()) return Optional.empty();
        WeightAdaptation.PositionResampling way = source.resampling();
        String named = way.name().toLowerCase(Locale.ROOT);
        notes.add(weight.name() + ": resampled from " + from + " to " + to + " positions, " + named);
        return Optional.of(values -> WeightAdaptation.positions(values, from, to, way));
    }

    /** What a table of theirs is for: as the source says, as ours when it is as long, or a square, as timm takes it. */
    private Optional<PositionGrid> grid(String name, Shape theirs, PositionGrid ours) {
        if (theirs.rank() == 3) return Optional.of(new PositionGrid(0, theirs.dim(0), theirs.dim(1)));
        int tokens = theirs.dim(0);
        PositionGrid told = source.grids().get(name);
        if (told != null && told.tokens() == tokens) return Optional.of(told);
        if (tokens == ours.tokens()) return Optional.of(ours);
        int cells = tokens - ours.prefix();
        int side = (int) Math.sqrt(Math.max(cells, 0));
        if (side > 0 && side * side == cells) return Optional.of(new PositionGrid(ours.prefix(), side, side));
        return Optional.empty();
    }

    private static boolean sameBut(Shape a, Shape b, int axis) {
        return a.rank() == b.rank() && a.with(axis, 1).equals(b.with(axis, 1));
    }

    private void judge(int moved, int wanted) {
        String hint = source.hint().map(text -> "; " + text).orElse("");
        if (moved == 0) {
            throw new ConfigError(source.label() + ": holds none of the network's " + wanted
                    + " weights; is it another network? It has " + shown(unexpected) + hint);
        }
        List<String> problems = new ArrayList<>();
        if (!missing.isEmpty()) problems.add("missing: " + shown(missing));
        if (!unexpected.isEmpty()) problems.add("unexpected: " + shown(unexpected));
        if (!misshapen.isEmpty()) problems.add("misshapen: " + shown(misshapen));
        if (!unreadable.isEmpty()) problems.add("not arrays: " + shown(unreadable));
        if (problems.isEmpty()) return;
        if (strict) {
            initializeHeads();
            leaveOtherHeads();
            boolean headless = missing.isEmpty() && unexpected.isEmpty() && misshapen.isEmpty() && unreadable.isEmpty();
            throw new ConfigError(source.label() + " (" + source.names() + " names) does not fit the network"
                    + (2 * moved < wanted ? " (is it another network?); " : "; ")
                    + String.join("; ", problems) + hint + (headless ? HEADLESS : OTHERWISE));
        }
        notes.addAll(problems);
    }

    /** How many, and the first of them. */
    public static String shown(List<String> names) {
        String first = String.join(", ", names.subList(0, Math.min(SHOWN, names.size())));
        return names.size() + " (" + first + (names.size() > SHOWN ? ", ..." : "") + ")";
    }
}
