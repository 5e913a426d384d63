package org.vit4j.transfer;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.vit4j.arch.KeyScheme;
import org.vit4j.graph.Grid;
import org.vit4j.graph.Weight;
import org.vit4j.weights.Layout;
import org.vit4j.weights.StateDict;

/** A published checkpoint, read by the scheme of names that fits it best. */
public final class CheckpointSource implements Source {
    private final StateDict dict;
    private final Map<String, Grid> grids;
    private final KeyScheme scheme;
    private final List<String> unexpected = new ArrayList<>();

    /**
     * @param weights of the network that wants it
     * @param schemes how such a checkpoint may name them
     * @param grids what position tables are for in the published network, when that is known
     */
    public CheckpointSource(
            StateDict dict, Collection<Weight> weights, List<KeyScheme> schemes, Map<String, Grid> grids) {
        this.dict = dict;
        this.grids = grids;
        KeyScheme best = schemes.get(0);
        for (KeyScheme other : schemes) {
            if (hits(weights, other) > hits(weights, best)) best = other;
        }
        this.scheme = best;
        Set<String> known = new HashSet<>();
        for (Weight weight : weights) known.addAll(Layout.of(weight, best).keys());
        for (String key : dict.entries().keySet()) {
            if (!known.contains(key) && !best.ignores(key)) unexpected.add(key);
        }
    }

    private long hits(Collection<Weight> weights, KeyScheme scheme) {
        return weights.stream()
                .filter(weight -> dict.entries()
                        .keySet()
                        .containsAll(Layout.of(weight, scheme).keys()))
                .count();
    }

    @Override
    public String label() {
        return dict.label();
    }

    @Override
    public String names() {
        return scheme.name();
    }

    @Override
    public Optional<Found> find(Weight weight) {
        Layout layout = Layout.of(weight, scheme);
        List<StateDict.Entry> entries = new ArrayList<>();
        for (String key : layout.keys()) {
            StateDict.Entry entry = dict.entries().get(key);
            if (entry == null) return Optional.empty();
            entries.add(entry);
        }
        List<Integer> shape = stacked(entries);
        String name = String.join(" + ", layout.keys());
        return Optional.of(new Found(name, shape.toString(), layout.ours(shape), () -> values(layout, shape)));
    }

    /** One below the other: the rows add up. Parts that do not fit have no size at all. */
    private static List<Integer> stacked(List<StateDict.Entry> entries) {
        List<Integer> shape = new ArrayList<>(entries.get(0).shape());
        for (StateDict.Entry part : entries.subList(1, entries.size())) {
            boolean fits = !shape.isEmpty()
                    && part.shape().size() == shape.size()
                    && part.shape().subList(1, shape.size()).equals(shape.subList(1, shape.size()));
            shape.set(0, fits ? Math.addExact(shape.get(0), part.shape().get(0)) : 0);
        }
        return shape;
    }

    private float[] values(Layout layout, List<Integer> shape) {
        float[] all = dict.values(layout.keys().get(0));
        for (String key : layout.keys().subList(1, layout.keys().size())) {
            float[] more = dict.values(key);
            float[] longer = java.util.Arrays.copyOf(all, all.length + more.length);
            System.arraycopy(more, 0, longer, all.length, more.length);
            all = longer;
        }
        return layout.toOurs(shape.stream().mapToInt(Integer::intValue).toArray(), all);
    }

    @Override
    public List<String> unexpected() {
        return unexpected;
    }

    @Override
    public Map<String, Grid> grids() {
        return new LinkedHashMap<>(grids);
    }

    @Override
    public void close() {
        dict.close();
    }
}
