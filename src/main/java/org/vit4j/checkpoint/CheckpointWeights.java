package org.vit4j.checkpoint;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.PositionGrid;
import org.vit4j.models.CheckpointNames;

/** A published checkpoint, read by the scheme of names that fits it best. */
public final class CheckpointWeights implements PretrainedWeights {
    private final StateDict dict;
    private final Map<String, PositionGrid> grids;
    private final CheckpointNames scheme;
    private final List<String> unexpected = new ArrayList<>();

    /**
     * @param weights of the network that wants it
     * @param schemes how such a checkpoint may name them
     * @param grids what position tables are for in the published network, when that is known
     */
    public CheckpointWeights(
            StateDict dict,
            Collection<Parameter> weights,
            List<CheckpointNames> schemes,
            Map<String, PositionGrid> grids) {
        this.dict = dict;
        this.grids = grids;
        CheckpointNames best = schemes.get(0);
        for (CheckpointNames other : schemes) {
            if (hits(weights, other) > hits(weights, best)) best = other;
        }
        this.scheme = best;
        Set<String> known = new HashSet<>();
        for (Parameter weight : weights)
            known.addAll(CheckpointLayout.of(weight, best).keys());
        for (String key : dict.entries().keySet()) {
            if (!known.contains(key) && !best.ignores(key)) unexpected.add(key);
        }
    }

    private long hits(Collection<Parameter> weights, CheckpointNames scheme) {
        return weights.stream()
                .filter(weight -> dict.entries()
                        .keySet()
                        .containsAll(CheckpointLayout.of(weight, scheme).keys()))
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
    public Optional<FoundWeight> find(Parameter weight) {
        CheckpointLayout layout = CheckpointLayout.of(weight, scheme);
        List<StateDict.StateEntry> entries = new ArrayList<>();
        for (String key : layout.keys()) {
            StateDict.StateEntry entry = dict.entries().get(key);
            if (entry == null) return Optional.empty();
            entries.add(entry);
        }
        List<Integer> shape = stacked(entries);
        String name = String.join(" + ", layout.keys());
        return Optional.of(new FoundWeight(name, shape.toString(), layout.ours(shape), () -> values(layout, shape)));
    }

    /** One below the other: the rows add up. Parts that do not fit have no size at all. */
    private static List<Integer> stacked(List<StateDict.StateEntry> entries) {
        List<Integer> shape = new ArrayList<>(entries.get(0).shape());
        for (StateDict.StateEntry part : entries.subList(1, entries.size())) {
            boolean fits = !shape.isEmpty()
                    && part.shape().size() == shape.size()
                    && part.shape().subList(1, shape.size()).equals(shape.subList(1, shape.size()));
            shape.set(0, fits ? Math.addExact(shape.get(0), part.shape().get(0)) : 0);
        }
        return shape;
    }

    private float[] values(CheckpointLayout layout, List<Integer> shape) {
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
    public Map<String, PositionGrid> grids() {
        return new LinkedHashMap<>(grids);
    }

    @Override
    public void close() {
        dict.close();
    }
}
