package org.vit4j.checkpoint;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
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

    private final PretrainedWeights source;
    private final boolean strict;
    private final Set<String> heads;
    private final Set<String> stems;
    private final Map<String, PositionGrid> grids;
    private final Set<String> notes = new LinkedHashSet<>();
    private final List<String> missing = new ArrayList<>();
    private final List<String> misshapen = new ArrayList<>();

    private WeightTransfer(PretrainedWeights source, Graph graph, boolean strict) {
        this.source = source;
        this.strict = strict;
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
     * Fills in what the source has. Nothing is read before everything is known to fit.
     *
     * @param strict whether an array that is missing, superfluous or of an impossible shape is an error; else it is
     *     noted, and the weight stays as it was drawn
     * @param into is given each weight's name and values
     * @return what was done besides copying, for the log
     * @throws ConfigError naming what is missing, unexpected or misshapen
     */
    public static List<String> load(
            PretrainedWeights source, Graph graph, boolean strict, BiConsumer<String, float[]> into) {
        WeightTransfer transfer = new WeightTransfer(source, graph, strict);
        for (WeightMove move : transfer.moves(graph)) {
            float[] theirs = move.found.values().get();
            into.accept(move.weight.name(), move.how.values(theirs));
        }
        return List.copyOf(transfer.notes);
    }

    /** What {@link #load} would complain of, without reading any values. */
    public static void check(PretrainedWeights source, Graph graph, boolean strict) {
        new WeightTransfer(source, graph, strict).moves(graph);
    }

    private List<WeightMove> moves(Graph graph) {
        List<WeightMove> moves = new ArrayList<>();
        for (Parameter weight : graph.parameters()) plan(weight).ifPresent(moves::add);
        judge(moves.size(), graph.parameters().size());
        return moves;
    }

    private Optional<WeightMove> plan(Parameter weight) {
        Optional<PretrainedWeights.FoundWeight> found = source.find(weight);
        if (found.isEmpty()) {
            missing.add(weight.name());
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
        } else {
            misshapen.add(
                    found.get().name() + " " + found.get().told() + " for " + weight.name() + " " + weight.shape());
        }
        return Optional.empty();
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
        notes.add(weight.name() + ": resampled from " + from + " to " + to + " positions, bicubic");
        return Optional.of(values -> WeightAdaptation.positions(values, from, to));
    }

    /** What a table of theirs is for: as the source says, as ours when it is as long, or a square, as timm takes it. */
    private Optional<PositionGrid> grid(String name, Shape theirs, PositionGrid ours) {
        if (theirs.rank() == 3) return Optional.of(new PositionGrid(0, theirs.dim(0), theirs.dim(1)));
        int tokens = theirs.dim(0);
        PositionGrid told = source.grids().get(name);
        if (told != null && told.tokens() == tokens) return Optional.of(told);
        int cells = tokens - ours.prefix();
        int side = (int) Math.sqrt(Math.max(cells, 0));
        if (side > 0 && side * side == cells) return Optional.of(new PositionGrid(ours.prefix(), side, side));
        return tokens == ours.tokens() ? Optional.of(ours) : Optional.empty();
    }

    private static boolean sameBut(Shape a, Shape b, int axis) {
        return a.rank() == b.rank() && a.with(axis, 1).equals(b.with(axis, 1));
    }

    private void judge(int moved, int wanted) {
        List<String> unexpected = source.unexpected();
        if (moved == 0) {
            throw new ConfigError(source.label() + ": holds none of the network's " + wanted
                    + " weights; is it another network? It has " + shown(unexpected));
        }
        List<String> problems = new ArrayList<>();
        if (!missing.isEmpty()) problems.add("missing: " + shown(missing));
        if (!unexpected.isEmpty()) problems.add("unexpected: " + shown(unexpected));
        if (!misshapen.isEmpty()) problems.add("misshapen: " + shown(misshapen));
        if (problems.isEmpty()) return;
        if (strict) {
            throw new ConfigError(source.label() + " (" + source.names() + " names) does not fit the network; "
                    + String.join("; ", problems)
                    + ". Take the config it was made with, or leave these aside with --lenient (init.strict: false)");
        }
        notes.addAll(problems);
    }

    /** How many, and the first of them. */
    public static String shown(List<String> names) {
        String first = String.join(", ", names.subList(0, Math.min(SHOWN, names.size())));
        return names.size() + " (" + first + (names.size() > SHOWN ? ", ..." : "") + ")";
    }
}
