package org.vit4j.graph.analysis;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.vit4j.graph.Graph;
import org.vit4j.graph.LayoutOp;
import org.vit4j.graph.Tensor;

/**
 * Moves slices toward the input of a network, so that only tokens that are used are computed. If the head reads only
 * the class token, the last block computes keys and values of all tokens, but attention, MLP and norms of one. Results
 * are equal up to rounding.
 */
public final class SlicePropagation {
    private final boolean training;
    /** The used range of each tensor; tensors without an entry are not used. */
    private final Map<Tensor, TokenRange> used = new HashMap<>();
    /** The ranges of its inputs that each used tensor reads. */
    private final Map<Tensor, List<TokenRange>> reads = new HashMap<>();
    /** The parts of each tensor that are read by others than slices. */
    private final Map<Tensor, Set<TokenRange>> parts = new HashMap<>();

    /** For each used tensor one of its used range. */
    private final Map<Tensor, Tensor> results = new HashMap<>();

    private final Map<Tensor, Map<TokenRange, Tensor>> slices = new HashMap<>();

    private SlicePropagation(boolean training) {
        this.training = training;
    }

    /**
     * The tensors that have to be computed, by name and in topological order. They have the names and parameters of the
     * graph's tensors; those of which only a part is used have smaller shapes.
     *
     * @param complete tensors to compute completely: outputs, and those whose gradient is read
     * @param training whether batch norm uses the statistics of the batch, and dropout masks
     */
    public static Map<String, Tensor> of(Graph graph, Collection<Tensor> complete, boolean training) {
        SlicePropagation propagation = new SlicePropagation(training);
        for (Tensor t : complete) propagation.used.put(t, TokenRange.ALL);
        List<Tensor> order = new ArrayList<>(graph.tensors());
        Collections.reverse(order);
        for (Tensor t : order) if (propagation.used.containsKey(t)) propagation.findReads(t);
        Collections.reverse(order);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (Tensor t : order) {
            if (!propagation.used.containsKey(t)) continue;
            for (Tensor created : propagation.rebuild(t)) tensors.put(created.name(), created);
        }
        return tensors;
    }

    private void findReads(Tensor t) {
        TokenRange range = used.get(t).ifSmall(t);
        List<TokenRange> read = range.isPart() ? t.accept(new TokenReads(range, training)) : List.of();
        if (read.isEmpty()) {
            range = TokenRange.ALL;
            read = Collections.nCopies(t.inputs().size(), TokenRange.ALL);
            if (t.op() instanceof LayoutOp.Slice s) read = List.of(new TokenRange(s.axis(), s.from(), s.to()));
        }
        used.put(t, range);
        reads.put(t, read);
        for (int i = 0; i < read.size(); i++) {
            TokenRange part = read.get(i);
            if (part.equals(TokenRange.NONE)) continue;
            Tensor input = t.inputs().get(i);
            used.merge(input, part, TokenRange::hull);
            if (part.isPart() && !(t.op() instanceof LayoutOp.Slice))
                parts.computeIfAbsent(input, any -> new LinkedHashSet<>()).add(part);
        }
    }

    /**
     * Creates a tensor for the used range of another, followed by slices of it for its readers: in the backward pass
     * the gradients of the slices are then added last, to the sum of the others.
     */
    private List<Tensor> rebuild(Tensor t) {
        Tensor result = result(t);
        results.put(t, result);
        List<Tensor> created = new ArrayList<>(List.of(result));
        Map<TokenRange, Tensor> views = new HashMap<>();
        for (TokenRange part : parts.getOrDefault(t, Set.of())) {
            if (part.equals(used.get(t))) continue;
            String name = t.name() + "[" + part.from() + ":" + part.to() + "]";
            Tensor slice = result.slice(name, part.axis(), part.from() - start(t), part.to() - start(t));
            views.put(part, slice);
            created.add(slice);
        }
        slices.put(t, views);
        return created;
    }

    private Tensor result(Tensor t) {
        if (t.op() instanceof LayoutOp.Slice s) {
            Tensor input = results.get(t.input());
            if (input == t.input()) return t;
            int start = start(t.input());
            return t.derive(new LayoutOp.Slice(s.axis(), s.from() - start, s.to() - start), List.of(input));
        }
        List<Tensor> inputs = new ArrayList<>();
        for (int i = 0; i < t.inputs().size(); i++) {
            TokenRange part = reads.get(t).get(i);
            if (!part.equals(TokenRange.NONE)) inputs.add(read(t.inputs().get(i), part));
        }
        if (inputs.equals(t.inputs())) return t;
        if (t.op() instanceof LayoutOp.Concat && inputs.size() == 1) return inputs.get(0);
        return t.derive(t.op(), inputs);
    }

    private Tensor read(Tensor input, TokenRange part) {
        Tensor slice = slices.get(input).get(part);
        return slice == null ? results.get(input) : slice;
    }

    private int start(Tensor t) {
        TokenRange range = used.get(t);
        return range.isPart() ? range.from() : 0;
    }
}
