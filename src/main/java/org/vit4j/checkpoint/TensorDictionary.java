package org.vit4j.checkpoint;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A dictionary in a pickle that maps names to tensors.
 *
 * @param keys path from the outermost dictionary to this one: names, or list indices
 * @param opaque class names, by entry name, of objects that are not constructed
 */
record TensorDictionary(List<String> keys, Map<String, Pickle.PickledTensor> tensors, Map<String, String> opaque) {
    /** Deeper than training scripts nest their state dicts. */
    private static final int MAX_DEPTH = 10;

    TensorDictionary {
        keys = List.copyOf(keys);
        tensors = Collections.unmodifiableMap(tensors);
        opaque = Collections.unmodifiableMap(opaque);
    }

    /** Finds all dictionaries with tensors in a value, outer ones first, each once. */
    static List<TensorDictionary> all(Object value) {
        List<TensorDictionary> found = new ArrayList<>();
        collect(value, List.of(), Collections.newSetFromMap(new IdentityHashMap<>()), found);
        return found;
    }

    private static void collect(Object value, List<String> keys, Set<Object> seen, List<TensorDictionary> found) {
        boolean container = value instanceof Map<?, ?> || value instanceof List<?>;
        if (!container || keys.size() > MAX_DEPTH || !seen.add(value)) return;
        if (value instanceof Map<?, ?> map) {
            TensorDictionary dictionary = of(map, keys);
            if (!dictionary.tensors.isEmpty()) found.add(dictionary);
            map.forEach((key, inner) -> collect(inner, below(keys, key.toString()), seen, found));
        } else if (value instanceof List<?> list) {
            for (int i = 0; i < list.size(); i++) collect(list.get(i), below(keys, "" + i), seen, found);
        }
    }

    private static List<String> below(List<String> keys, String key) {
        List<String> longer = new ArrayList<>(keys);
        longer.add(Pickle.shortened(key));
        return longer;
    }

    private static TensorDictionary of(Map<?, ?> map, List<String> keys) {
        Map<String, Pickle.PickledTensor> tensors = new LinkedHashMap<>();
        Map<String, String> opaque = new LinkedHashMap<>();
        map.forEach((name, value) -> {
            if (!(name instanceof String text)) return;
            if (value instanceof Pickle.PickledTensor tensor) tensors.put(text, tensor);
            if (value instanceof Pickle.Opaque object) opaque.put(text, object.name());
        });
        return new TensorDictionary(keys, tensors, opaque);
    }
}
