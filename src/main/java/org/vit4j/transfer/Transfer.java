package org.vit4j.transfer;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Grid;
import org.vit4j.graph.Parts;
import org.vit4j.graph.Shape;
import org.vit4j.graph.Weight;

/**
 * Gives a network the weights of a source. What depends on the number of classes is left as it was drawn when that
 * number differs; position tables are resampled and first convolutions adapted, see {@link Adapt}. Each is said in a
 * line.
 */
public final class Transfer {
    /** Names shown of a long list. */
    private static final int SHOWN = 8;

    private final Source source;
    private final boolean strict;
    private final Set<String> heads;
    private final Set<String> stems;
    private final Map<String, Grid> grids;
    private final Set<String> notes = new LinkedHashSet<>();
    private final List<String> missing = new ArrayList<>();
    private final List<String> misshapen = new ArrayList<>();

    private Transfer(Source source, Graph graph, boolean strict) {
        this.source = source;
        this.strict = strict;
        this.heads = Parts.heads(graph);
        this.stems = Parts.stems(graph);
        this.grids = Parts.grids(graph);
    }

    /** One weight that has somewhere to come from. */
    private record Move(Weight weight, Source.Found found, How how) {
        interface How {
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
    public static List<String> load(Source source, Graph graph, boolean strict, BiConsumer<String, float[]> into) {
        Transfer transfer = new Transfer(source, graph, strict);
        for (Move move : transfer.moves(graph)) {
            float[] theirs = move.found.values().get();
            into.accept(move.weight.name(), move.how.values(theirs));
        }
        return List.copyOf(transfer.notes);
    }

    /** What {@link #load} would complain of, without reading any values. */
    public static void check(Source source, Graph graph, boolean strict) {
        new Transfer(source, graph, strict).moves(graph);
    }

    private List<Move> moves(Graph graph) {
        List<Move> moves = new ArrayList<>();
        for (Weight weight : graph.weights()) plan(weight).ifPresent(moves::add);
        judge(moves.size(), graph.weights().size());
        return moves;
    }

    private Optional<Move> plan(Weight weight) {
        Optional<Source.Found> found = source.find(weight);
        if (found.isEmpty()) {
            missing.add(weight.name());
            return Optional.empty();
        }
        Optional<Shape> theirs = found.get().shape();
        Optional<Move.How> how = theirs.flatMap(shape -> how(weight, shape));
        if (how.isPresent()) return Optional.of(new Move(weight, found.get(), how.get()));
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
    private Optional<Move.How> how(Weight weight, Shape theirs) {
        Grid to = grids.get(weight.name());
        if (to != null) return positions(weight, theirs, to);
        if (theirs.equals(weight.shape())) return Optional.of(values -> values);
        if (stems.contains(weight.name()) && sameBut(weight.shape(), theirs, 2)) {
            int channels = weight.shape().dim(2);
            notes.add(weight.name() + ": for " + channels + " instead of " + theirs.dim(2) + " channels, "
                    + (channels == 1 ? "its kernels summed" : "its kernels repeated and scaled"));
            return Optional.of(values -> Adapt.channels(values, theirs, channels));
        }
        return Optional.empty();
    }

    private Optional<Move.How> positions(Weight weight, Shape theirs, Grid to) {
        if (theirs.last() != weight.shape().last()) return Optional.empty();
        Optional<Grid> known = grid(weight.name(), theirs, to);
        if (known.isEmpty()) return Optional.empty();
        Grid from = known.get();
        if (from.equals(to)) return Optional.of(values -> values);
        if (from.prefix() != to.prefix()) return Optional.empty();
        notes.add(weight.name() + ": resampled from " + from + " to " + to + " positions, bicubic");
        return Optional.of(values -> Adapt.positions(values, from, to));
    }

    /** What a table of theirs is for: as the source says, as ours when it is as long, or a square, as timm takes it. */
    private Optional<Grid> grid(String name, Shape theirs, Grid ours) {
        if (theirs.rank() == 3) return Optional.of(new Grid(0, theirs.dim(0), theirs.dim(1)));
        int tokens = theirs.dim(0);
        Grid told = source.grids().get(name);
        if (told != null && told.tokens() == tokens) return Optional.of(told);
        int cells = tokens - ours.prefix();
        int side = (int) Math.sqrt(Math.max(cells, 0));
        if (side > 0 && side * side == cells) return Optional.of(new Grid(ours.prefix(), side, side));
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
