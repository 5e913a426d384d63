package org.vit4j.optim;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.vit4j.graph.Graph;
import org.vit4j.graph.ModelAnatomy;
import org.vit4j.graph.Op;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Role;
import org.vit4j.graph.Tensor;

/**
 * How deep in the network a weight lies, as timm's {@code param_groups_layer_decay} counts: 0 for the stem, then one more
 * for every block, and one more for the head. What stands between two blocks belongs to the one that follows, what
 * follows the last block belongs to it.
 *
 * <p>Read off the graph: a block is a numbered part of the network ({@code blocks.3}) that adds to what it was given. Where
 * such parts lie in others ({@code stages.1.blocks.0}) and follow each other, the inner ones are the blocks; where they
 * stand side by side, as branches do, the outer one is.
 */
public final class LayerDepths {
    private static final Pattern OUTER = Pattern.compile("[a-z_A-Z]+(?:\\.\\d+|\\d+)(?=\\.)");
    private static final Pattern INNER = Pattern.compile("\\.(?:[a-z_A-Z]+\\.)?\\d+(?=\\.)");

    private final Graph graph;
    private final Map<String, List<Tensor>> outer = new LinkedHashMap<>();
    private final Map<String, Boolean> descends = new HashMap<>();

    private LayerDepths(Graph graph) {
        this.graph = graph;
        for (Tensor t : graph.tensors()) {
            Matcher at = OUTER.matcher(t.name());
            if (at.lookingAt())
                outer.computeIfAbsent(at.group(), any -> new ArrayList<>()).add(t);
        }
        outer.forEach((name, tensors) -> descends.put(name, followEachOther(inner(name, tensors))));
    }

    /** The depth of every weight by its name. */
    public static Map<String, Integer> of(Graph graph) {
        return new LayerDepths(graph).depths();
    }

    /** The weights of the layers that make the outputs: the head, or heads. */
    public static Set<String> head(Graph graph) {
        return ModelAnatomy.heads(graph);
    }

    private Map<String, Integer> depths() {
        Set<String> head = head(graph);
        Map<String, Integer> depths = new LinkedHashMap<>();
        List<String> waiting = new ArrayList<>();
        Map<String, Integer> blocks = new LinkedHashMap<>();
        for (Parameter weight : inOrder()) {
            String name = weight.name();
            if (head.contains(name)) continue;
            String block = block(name);
            if (block == null) {
                if (startsTheTokens(weight)) depths.put(name, 0);
                else waiting.add(name);
                continue;
            }
            boolean first = blocks.isEmpty();
            int depth = blocks.computeIfAbsent(block, any -> blocks.size() + 1);
            for (String before : waiting) depths.put(before, first ? 0 : depth);
            waiting.clear();
            depths.put(name, depth);
        }
        for (String after : waiting) depths.put(after, blocks.size());
        for (String name : head) depths.put(name, blocks.size() + 1);
        return depths;
    }

    /** In the order in which they are used. */
    private List<Parameter> inOrder() {
        Map<String, Parameter> weights = new LinkedHashMap<>();
        for (Tensor t : graph.tensors()) for (Parameter w : t.parameters()) weights.putIfAbsent(w.name(), w);
        return List.copyOf(weights.values());
    }

    /** Class tokens and positions are part of what the network is given, wherever they are put in. */
    private static boolean startsTheTokens(Parameter weight) {
        return weight.name().indexOf('.') < 0 && (weight.role() == Role.TOKEN || weight.role() == Role.POSITION);
    }

    /** The block a weight is part of, or null. */
    private String block(String name) {
        Matcher at = OUTER.matcher(name);
        if (!at.lookingAt() || !outer.containsKey(at.group())) return null;
        String container = at.group();
        if (descends.get(container)) {
            Matcher below = INNER.matcher(name).region(at.end(), name.length());
            return below.lookingAt() ? container + below.group() : null;
        }
        return addsUp(outer.get(container)) ? container : null;
    }

    private static Map<String, List<Tensor>> inner(String container, List<Tensor> tensors) {
        Map<String, List<Tensor>> inner = new LinkedHashMap<>();
        for (Tensor t : tensors) {
            Matcher below =
                    INNER.matcher(t.name()).region(container.length(), t.name().length());
            if (below.lookingAt())
                inner.computeIfAbsent(below.group(), any -> new ArrayList<>()).add(t);
        }
        inner.values().removeIf(parts -> !addsUp(parts));
        return inner;
    }

    private static boolean addsUp(List<Tensor> tensors) {
        return tensors.stream()
                .anyMatch(t -> t.op() instanceof Op.Add && t.inputs().size() > 1);
    }

    /** Whether each of the parts depends on the one before. */
    private static boolean followEachOther(Map<String, List<Tensor>> parts) {
        List<Tensor> before = null;
        for (List<Tensor> part : parts.values()) {
            if (before != null && !reaches(part, Set.copyOf(before))) return false;
            before = part;
        }
        return before != null;
    }

    private static boolean reaches(List<Tensor> from, Set<Tensor> targets) {
        Deque<Tensor> left = new ArrayDeque<>(from);
        Set<Tensor> seen = new HashSet<>();
        while (!left.isEmpty()) {
            Tensor t = left.pop();
            if (targets.contains(t)) return true;
            if (seen.add(t)) left.addAll(t.inputs());
        }
        return false;
    }
}
