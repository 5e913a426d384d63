package org.vit4j.checkpoint;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.vit4j.checkpoint.names.CheckpointNames;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Shape;

/**
 * Match of a model's parameters with the arrays of a dictionary, by a naming scheme and a prefix.
 *
 * @param prefix prefix of every name, such as {@code module.model.}; empty for none
 * @param names names in the dictionary by name in the scheme
 * @param fitting number of parameters found with the model's shape
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

    /** A naming scheme with the names of a model's parameters, computed once. */
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
        Optional<Shape> shape = layout.modelShape(stacked(arrays));
        return shape.isPresent() && shape.get().equals(weight.shape());
    }

    /** Shape of arrays concatenated along the first axis; that axis is 0 if the other axes differ. */
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

    /** Returns the arrays of a parameter; empty if one is missing. */
    Optional<List<StateDict.StateEntry>> arrays(CheckpointLayout layout) {
        return arrays(dict, names, layout);
    }

    /** Returns true if the parameter is found with the model's shape. */
    boolean fits(Parameter weight, CheckpointLayout layout) {
        return arrays(layout).filter(arrays -> fits(weight, layout, arrays)).isPresent();
    }

    float[] values(String key) {
        return dict.values(names.get(key));
    }

    /** Location of the parameters in the file: dictionary keys, then the prefix; "." for the outermost dictionary. */
    String location() {
        String inner = prefix.endsWith(".") ? prefix.substring(0, prefix.length() - 1) : prefix;
        String location = dict.path().isEmpty() || inner.isEmpty() ? dict.path() + inner : dict.path() + "." + inner;
        return location.isEmpty() ? "." : location;
    }

    /** Identities of the arrays used; equal for matches that use the same arrays of the file. */
    List<Object> arraysOf(Scheme parameters) {
        List<Object> all = new ArrayList<>();
        for (CheckpointLayout layout : parameters.layouts.values()) {
            if (arrays(layout).isEmpty()) continue;
            for (String key : layout.keys()) all.add(dict.identity(names.get(key)));
        }
        return all;
    }

    /** Names with the prefix that are not parameters of the model. */
    List<String> unexpected(Scheme parameters) {
        return names.keySet().stream()
                .filter(name -> !parameters.keys.contains(name) && !scheme.ignores(name))
                .filter(name -> dict.entries().containsKey(names.get(name)))
                .toList();
    }

    /** Returns a copy with additional names. */
    KeyMatch withNames(Map<String, String> more) {
        Map<String, String> all = new LinkedHashMap<>(names);
        all.putAll(more);
        return new KeyMatch(dict, scheme, prefix, all, fitting, found);
    }
}
