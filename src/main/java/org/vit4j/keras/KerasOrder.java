package org.vit4j.keras;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The order in which Keras keeps the operations of a Functional model ({@code map_graph} in
 * {@code keras/src/models/functional.py}), and the names of weight groups that follow from it. It numbers layers by
 * class in this order, whatever order they have in the file, so another order means weights in the wrong layers.
 */
final class KerasOrder {
    /** Operations in the order in which they are first met, walking from the output. */
    private final Map<KerasNode, Integer> met = new HashMap<>();
    /** Every operation behind all its inputs. */
    private final List<KerasNode> finished = new ArrayList<>();

    private KerasOrder() {}

    /** Deepest first; what is equally deep in the order it is met from the output. */
    static List<KerasNode> of(KerasNode output) {
        KerasOrder order = new KerasOrder();
        order.walk(output);
        Map<KerasNode, Integer> depths = order.depths();
        List<KerasNode> nodes = new ArrayList<>(order.finished);
        nodes.sort(Comparator.<KerasNode>comparingInt(node -> -depths.get(node)).thenComparingInt(order.met::get));
        return nodes;
    }

    private void walk(KerasNode node) {
        if (met.putIfAbsent(node, met.size()) != null) return;
        node.inputs().forEach(this::walk);
        finished.add(node);
    }

    /** The longest way to the output. */
    private Map<KerasNode, Integer> depths() {
        Map<KerasNode, Integer> depths = new HashMap<>();
        for (int i = finished.size() - 1; i >= 0; i--) {
            KerasNode node = finished.get(i);
            int depth = depths.computeIfAbsent(node, n -> 0);
            for (KerasNode input : node.inputs()) depths.merge(input, depth + 1, Math::max);
        }
        return depths;
    }

    /** The group below {@code layers} of each layer, weights or not: class name in snake case and a counter. */
    static Map<KerasNode, String> groups(List<KerasNode> ordered) {
        Map<KerasNode, String> groups = new LinkedHashMap<>(); // nodes compare by identity
        Map<String, Integer> counters = new HashMap<>();
        for (KerasNode node : ordered) {
            if (!node.isLayer()) continue;
            groups.put(node, group(node.className(), counters));
        }
        return groups;
    }

    /** The next layer's group: {@code dense}, {@code dense_1}, ... */
    static String group(String className, Map<String, Integer> counters) {
        String name = snakeCase(className);
        int count = counters.merge(name, 1, Integer::sum);
        return count == 1 ? name : name + "_" + (count - 1);
    }

    /** Keras' {@code to_snake_case}: {@code ZeroPadding2D -> zero_padding2d}. */
    static String snakeCase(String className) {
        return className
                .replaceAll("(.)([A-Z][a-z]+)", "$1_$2")
                .replaceAll("([a-z])([A-Z])", "$1_$2")
                .toLowerCase(Locale.ROOT);
    }
}
