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
import org.vit4j.graph.Shape;
import org.vit4j.models.CheckpointNames;

/**
 * A way to read a network's parameters from a dictionary of arrays: by a naming scheme, behind a prefix.
 *
 * @param prefix of every name, such as {@code module.model.}; empty for none
 * @param names names by scheme, and the dictionary's names for them
 * @param fitting number of parameters found whose shape is the network's
 * @param found number of parameters found
 */
record KeyMatch(
        StateDict dict, CheckpointNames scheme, String prefix, Map<String, String> names, int fitting, int found) {

    static KeyMatch of(StateDict dict, Scheme scheme, String prefix, Map<String, String> plain) {
        Map<String, String> names = new LinkedHashMap<>();
        plain.forEach((name, original) -> {
            if (name.startsWith(prefix)) names.put(name.substring(prefix.length()), original);
        });
        int fitting = 0;
        int found = 0;
        for (Map.Entry<Parameter, CheckpointLayout> entry : scheme.layouts.entrySet()) {
            Optional<List<StateDict.StateEntry>> arrays = arrays(dict, names, entry.getValue());
            if (arrays.isEmpty()) continue;
            found++;
            if (fits(entry.getKey(), entry.getValue(), arrays.get())) fitting++;
        }
        return new KeyMatch(dict, scheme.names, prefix, names, fitting, found);
    }

    /** A naming scheme with the names of a network's parameters, computed once. */
    static final class Scheme {
        final CheckpointNames names;
        final Map<Parameter, CheckpointLayout> layouts = new LinkedHashMap<>();
        final Set<String> keys = new HashSet<>();
        /** Parts of names between dots. */
        final Set<String> parts = new HashSet<>();

        Scheme(CheckpointNames names, Collection<Parameter> weights) {
            this.names = names;
            for (Parameter weight : weights) {
                CheckpointLayout layout = CheckpointLayout.of(weight, names);
                layouts.put(weight, layout);
                keys.addAll(layout.keys());
            }
            for (String key : keys) parts.addAll(List.of(key.split("\\.", -1)));
        }
    }

    private static Optional<List<StateDict.StateEntry>> arrays(
            StateDict dict, Map<String, String> names, CheckpointLayout layout) {
        List<StateDict.StateEntry> arrays = new ArrayList<>();
        for (String key : layout.keys()) {
            String name = names.get(key);
            StateDict.StateEntry entry = name == null ? null : dict.entries().get(name);
            if (entry == null) return Optional.empty();
            arrays.add(entry);
        }
        return Optional.of(arrays);
    }

    private static boolean fits(Parameter weight, CheckpointLayout layout, List<StateDict.StateEntry> arrays) {
        Optional<Shape> shape = layout.ours(stacked(arrays));
        return shape.isPresent() && shape.get().equals(weight.shape());
    }

    /** The shape of arrays one below the other: the rows add up. Parts that do not fit have no size at all. */
    static List<Integer> stacked(List<StateDict.StateEntry> entries) {
        List<Integer> shape = new ArrayList<>(entries.get(0).shape());
        for (StateDict.StateEntry part : entries.subList(1, entries.size())) {
            boolean fits = !shape.isEmpty()
                    && part.shape().size() == shape.size()
                    && part.shape().subList(1, shape.size()).equals(shape.subList(1, shape.size()));
            if (shape.isEmpty()) return List.of(0);
            shape.set(0, fits ? Math.addExact(shape.get(0), part.shape().get(0)) : 0);
        }
        return shape;
    }

    /** The arrays of a parameter; empty when one is missing. */
    Optional<List<StateDict.StateEntry>> arrays(CheckpointLayout layout) {
        return arrays(dict, names, layout);
    }

    /** Returns true when the parameter is found with the network's shape. */
    boolean fits(Parameter weight, CheckpointLayout layout) {
        return arrays(layout).filter(arrays -> fits(weight, layout, arrays)).isPresent();
    }

    float[] values(String key) {
        return dict.values(names.get(key));
    }

    /** Where the parameters lie in the file: keys of dictionaries, then the prefix; a dot for the outermost. */
    String place() {
        String inner = prefix.endsWith(".") ? prefix.substring(0, prefix.length() - 1) : prefix;
        String place = dict.path().isEmpty() || inner.isEmpty() ? dict.path() + inner : dict.path() + "." + inner;
        return place.isEmpty() ? "." : place;
    }

    /** Equal for matches that take the same arrays of the file. */
    List<Object> arraysOf(Scheme of) {
        List<Object> all = new ArrayList<>();
        for (CheckpointLayout layout : of.layouts.values()) {
            if (arrays(layout).isEmpty()) continue;
            for (String key : layout.keys()) all.add(dict.identity(names.get(key)));
        }
        return all;
    }

    /** Names behind the prefix that are no parameter of the network. */
    List<String> unexpected(Scheme of) {
        return names.keySet().stream()
                .filter(name -> !of.keys.contains(name) && !scheme.ignores(name))
                .filter(name -> dict.entries().containsKey(names.get(name)))
                .toList();
    }

    /** The same arrays, with further names. */
    KeyMatch with(Map<String, String> more) {
        Map<String, String> all = new LinkedHashMap<>(names);
        all.putAll(more);
        return new KeyMatch(dict, scheme, prefix, all, fitting, found);
    }
}
