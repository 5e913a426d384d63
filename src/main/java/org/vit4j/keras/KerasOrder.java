package org.vit4j.keras;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Keras' order of the operations of a Functional model ({@code map_graph} in {@code keras/src/models/functional.py}),
 * and the resulting names of weight groups. Keras numbers layers by class in this order and ignores the order in the
 * file, so any other order would assign weights to the wrong layers.
 */
final class KerasOrder {
    /** Index of each operation in a depth-first walk from the output. */
    private final Map<KerasNode, Integer> discoveryOrder = new HashMap<>();
    /** Operations in topological order. */
    private final List<KerasNode> finished = new ArrayList<>();

    private KerasOrder() {}

    /** Sorts by decreasing depth, then by discovery from the output. */
    static List<KerasNode> of(KerasNode output) {
        KerasOrder order = new KerasOrder();
        order.walk(output);
        Map<KerasNode, Integer> depths = order.depths();
        List<KerasNode> nodes = new ArrayList<>(order.finished);
        nodes.sort(Comparator.<KerasNode>comparingInt(node -> -depths.get(node))
                .thenComparingInt(order.discoveryOrder::get));
        return nodes;
    }

    private void walk(KerasNode node) {
        if (discoveryOrder.putIfAbsent(node, discoveryOrder.size()) != null) return;
        node.inputs().forEach(this::walk);
        finished.add(node);
    }

    /** Longest path from each operation to the output. */
    private Map<KerasNode, Integer> depths() {
        Map<KerasNode, Integer> depths = new HashMap<>();
        for (int i = finished.size() - 1; i >= 0; i--) {
            KerasNode node = finished.get(i);
            int depth = depths.computeIfAbsent(node, n -> 0);
            for (KerasNode input : node.inputs()) depths.merge(input, depth + 1, Math::max);
        }
        return depths;
    }

    /**
     * Weight group below {@code layers} of each layer, with or without weights: snake-case class name and a counter.
     */
    static Map<KerasNode, String> groups(List<KerasNode> ordered) {
        Map<KerasNode, String> groups = new LinkedHashMap<>(); // nodes compare by identity
        Map<String, Integer> counters = new HashMap<>();
        for (KerasNode node : ordered) {
            if (!node.isLayer()) continue;
            groups.put(node, group(node.className(), counters));
        }
        return groups;
    }

    /** Group of the next layer of a class: {@code dense}, {@code dense_1}, ... */
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
