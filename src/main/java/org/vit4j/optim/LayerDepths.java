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
import org.vit4j.graph.ArithmeticOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Role;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.analysis.ModelAnatomy;

/**
 * Layer index of each parameter, counted as in timm's {@code param_groups_layer_decay}: 0 for the stem, 1, 2, ... for
 * the blocks, and the last index for the head. A parameter between two blocks belongs to the following block, a
 * parameter after the last block belongs to that block.
 *
 * <p>Blocks are derived from the graph: a block is a numbered module ({@code blocks.3}) with a residual addition. Where
 * numbered modules are nested ({@code stages.1.blocks.0}) and run in sequence, the inner modules are the blocks. Where
 * they are parallel branches, the outer module is the block.
 */
public final class LayerDepths {
    private static final Pattern OUTER = Pattern.compile("[a-z_A-Z]+(?:\\.\\d+|\\d+)(?=\\.)");
    private static final Pattern INNER = Pattern.compile("\\.(?:[a-z_A-Z]+\\.)?\\d+(?=\\.)");

    private final Graph graph;
    private final Map<String, List<Tensor>> outer = new LinkedHashMap<>();
    private final Map<String, Boolean> hasInnerBlocks = new HashMap<>();

    private LayerDepths(Graph graph) {
        this.graph = graph;
        for (Tensor t : graph.tensors()) {
            Matcher at = OUTER.matcher(t.name());
            if (at.lookingAt())
                outer.computeIfAbsent(at.group(), key -> new ArrayList<>()).add(t);
        }
        outer.forEach((name, tensors) -> hasInnerBlocks.put(name, areSequential(inner(name, tensors))));
    }

    /** Layer index by parameter name. */
    public static Map<String, Integer> of(Graph graph) {
        return new LayerDepths(graph).depths();
    }

    /** Names of the parameters of the output layers (the head or heads). */
    public static Set<String> head(Graph graph) {
        return ModelAnatomy.heads(graph);
    }

    private Map<String, Integer> depths() {
        Set<String> head = head(graph);
        Map<String, Integer> depths = new LinkedHashMap<>();
        List<String> pending = new ArrayList<>();
        Map<String, Integer> blocks = new LinkedHashMap<>();
        for (Parameter parameter : parametersInOrder()) {
            String name = parameter.name();
            if (head.contains(name)) continue;
            String block = block(name);
            if (block == null) {
                if (isTokenInput(parameter)) depths.put(name, 0);
                else pending.add(name);
                continue;
            }
            boolean first = blocks.isEmpty();
            int depth = blocks.computeIfAbsent(block, key -> blocks.size() + 1);
            for (String earlier : pending) depths.put(earlier, first ? 0 : depth);
            pending.clear();
            depths.put(name, depth);
        }
        for (String trailing : pending) depths.put(trailing, blocks.size());
        for (String name : head) depths.put(name, blocks.size() + 1);
        return depths;
    }

    /** Parameters in the order of their first use. */
    private List<Parameter> parametersInOrder() {
        Map<String, Parameter> parameters = new LinkedHashMap<>();
        for (Tensor t : graph.tensors()) for (Parameter w : t.parameters()) parameters.putIfAbsent(w.name(), w);
        return List.copyOf(parameters.values());
    }

    /** Class tokens and position embeddings count as stem, wherever they are added. */
    private static boolean isTokenInput(Parameter parameter) {
        return parameter.name().indexOf('.') < 0
                && (parameter.role() == Role.TOKEN || parameter.role() == Role.POSITION);
    }

    /** The block that a parameter belongs to, or null. */
    private String block(String name) {
        Matcher at = OUTER.matcher(name);
        if (!at.lookingAt() || !outer.containsKey(at.group())) return null;
        String container = at.group();
        if (hasInnerBlocks.get(container)) {
            Matcher below = INNER.matcher(name).region(at.end(), name.length());
            return below.lookingAt() ? container + below.group() : null;
        }
        return hasResidualAdd(outer.get(container)) ? container : null;
    }

    private static Map<String, List<Tensor>> inner(String container, List<Tensor> tensors) {
        Map<String, List<Tensor>> inner = new LinkedHashMap<>();
        for (Tensor t : tensors) {
            Matcher below =
                    INNER.matcher(t.name()).region(container.length(), t.name().length());
            if (below.lookingAt())
                inner.computeIfAbsent(below.group(), key -> new ArrayList<>()).add(t);
        }
        inner.values().removeIf(module -> !hasResidualAdd(module));
        return inner;
    }

    private static boolean hasResidualAdd(List<Tensor> tensors) {
        return tensors.stream()
                .anyMatch(t -> t.op() instanceof ArithmeticOp.Add && t.inputs().size() > 1);
    }

    /** Returns true if each module depends on the previous one. */
    private static boolean areSequential(Map<String, List<Tensor>> modules) {
        List<Tensor> previous = null;
        for (List<Tensor> module : modules.values()) {
            if (previous != null && !reaches(module, Set.copyOf(previous))) return false;
            previous = module;
        }
        return previous != null;
    }

    private static boolean reaches(List<Tensor> from, Set<Tensor> targets) {
        Deque<Tensor> queue = new ArrayDeque<>(from);
        Set<Tensor> reached = new HashSet<>();
        while (!queue.isEmpty()) {
            Tensor t = queue.pop();
            if (targets.contains(t)) return true;
            if (reached.add(t)) queue.addAll(t.inputs());
        }
        return false;
    }
}
